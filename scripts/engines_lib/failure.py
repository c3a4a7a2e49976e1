"""The error that scripts/engines shows to its user: a sentence that says what is wrong and what to do."""


class Failure(Exception):
    """Shown without a traceback; `code` becomes the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
