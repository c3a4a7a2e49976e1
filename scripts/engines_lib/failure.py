"""The error that scripts/engines shows to its user: a sentence that says what is wrong and what to do."""

NOT_ON_THIS_MACHINE = 3
"""The exit code where the machine lacks what an engine needs, so that its tests can be left out."""


class Failure(Exception):
    """Shown without a traceback; `code` becomes the exit code."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code
