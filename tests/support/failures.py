"""What can go wrong between a client and an Engine, and the tests that cover it.

For each failure, at least one test was seen to fail when the code for it was broken. `page` is the first cell of its
row in `docs/failures.md`. A test is written as `FILE::NAME`, for a file anywhere in `tests/unit`. Tests in `live/` and
`scenarios/` need a real Engine; each failure has at least one test that does not.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FAILURES", "Failure"]


class Failure(NamedTuple):
    what: str
    page: str
    tests: tuple[str, ...]


_FAILS = "A pull, push, load or build fails after it began"
_JSON = "JSON arrives in pieces, joined together, or separated in unusual ways"
_WRONG = "A value in an answer is of another type than the API says"
_TEXT = "A character is cut in two"
_FRAMES = "Output is cut anywhere, or is not in the expected format"
_LONG = "Something is very long, or never ends"
_ENDS = "A connection ends in the middle of an answer"
_SILENT = "Events stop coming"
_MISSED = "Events are missed"
_BETWEEN = "Something happens between the list and the first event"
_SHORT = "A command ends before anybody listens or waits"
_WAIT = "A wait ends with something other than an exit code"
_BOTH = "A process is written to while its output is read"
_LEFT = "A stream is left before its end"
_HOSTILE = "A container gives a hostile archive"
_CONTEXT = "A build's folder contains links, devices, sockets, or far too much"
_CHANGES = "A file changes while it is being sent"
_OTHER = "Another Engine answers at the address"
_FAR = "An Engine is far away, and something on the way is wrong"
_EARLY = "An Engine answers before it has read the whole upload"

FAILURES: tuple[Failure, ...] = (
    Failure(
        "an error line inside a successful response",
        _FAILS,
        (
            "test_respx.py::test_error_inside_a_pull",
            "test_error_kinds.py::test_a_class_inside_a_success",
            "test_faults.py::test_streams_that_fail",
            "test_build.py::test_a_failure_of_the_classic_builder",
            "test_build.py::test_a_failure_of_buildkit",
            "test_answers.py::test_a_refusal_hidden_in_a_success",
            "scenarios/pull.py::fault_inside",
        ),
    ),
    Failure("an error line that has only one of its two fields", _FAILS, ("test_respx.py::test_error_inside_a_pull",)),
    Failure("a login over ssh that prints before the stream", _FAR, ("test_ssh.py::test_noise_before_the_stream",)),
    Failure(
        "a refusal of a client certificate that comes after the request",
        _FAR,
        ("test_tls.py::test_a_refused_client_certificate",),
    ),
    Failure("a JSON object split across chunks", _JSON, ("test_json_values.py::test_any_cut_and_any_separator",)),
    Failure(
        "several JSON objects in one chunk",
        _JSON,
        (
            "test_json_values.py::test_any_cut_and_any_separator",
            "test_build.py::test_json_values_with_and_without_separators",
        ),
    ),
    Failure(
        "JSON objects without separators",
        _JSON,
        (
            "test_json_values.py::test_any_cut_and_any_separator",
            "test_lines.py::test_every_form",
        ),
    ),
    Failure(
        "record separators, and the media types that announce them",
        _JSON,
        (
            "test_json_values.py::test_any_cut_and_any_separator",
            "test_lines.py::test_every_form",
        ),
    ),
    Failure(
        "a character split across chunks",
        _TEXT,
        (
            "test_json_values.py::test_any_cut_and_any_separator",
            "test_log_lines.py::test_each_stream_has_a_decoder",
        ),
    ),
    Failure(
        "stdout and stderr decoded by the same decoder",
        _TEXT,
        ("test_log_lines.py::test_each_stream_has_a_decoder", "scenarios/logs.py::followed"),
    ),
    Failure(
        "a frame's header or payload split across reads",
        _FRAMES,
        (
            "test_frames.py::test_any_cut",
            "test_frames.py::test_reading_whole_chunks_makes_no_difference",
            "test_output.py::test_a_cancelled_read_loses_nothing",
        ),
    ),
    Failure(
        "the output of a terminal parsed as frames",
        _FRAMES,
        (
            "test_output.py::test_frames_are_detected",
            "test_output.py::test_frames_of_an_exec_are_detected",
            "test_output.py::test_logs_of_a_swarm",
            "test_log_lines.py::test_the_engine_ends_in_the_middle_of_a_line",
            "scenarios/attach.py::terminal",
        ),
    ),
    Failure(
        "a frame that reports an error, or data that is not a frame",
        _FRAMES,
        (
            "test_frames.py::test_an_error_inside",
            "test_frames.py::test_nonsense",
            "test_frames.py::test_nonsense_at_once",
            "test_output.py::test_an_error_inside",
        ),
    ),
    Failure(
        "a frame that claims four gigabytes",
        _LONG,
        (
            "test_frames.py::test_four_gigabytes_announced",
            "test_frames.py::test_four_gigabytes_of_error_announced",
            "test_bounds.py::test_a_frame_that_claims_four_gigabytes",
        ),
    ),
    Failure(
        "an endless JSON value",
        _LONG,
        (
            "test_json_values.py::test_an_endless_value",
            "test_faults.py::test_endless_value",
        ),
    ),
    Failure(
        "a limit that refuses a long but valid value",
        _LONG,
        (
            "test_lines.py::test_a_long_value",
            "test_json_values.py::test_the_limit_does_not_depend_on_the_cut",
        ),
    ),
    Failure(
        "a response that ends without its last chunk",
        _ENDS,
        (
            "test_faults.py::test_a_stream_without_its_last_chunk",
            "test_output.py::test_truncated_logs",
            "test_watch.py::test_reconnects_however_the_connection_ends",
        ),
    ),
    Failure(
        "a connection that ends inside an object or a frame",
        _ENDS,
        (
            "test_json_values.py::test_an_end_inside_a_value",
            "test_output.py::test_cut_in_the_middle_of_a_frame",
            "test_log_lines.py::test_frames_cut_off",
        ),
    ),
    Failure(
        "an Engine that is killed or restarted",
        _ENDS,
        (
            "test_bounds.py::test_a_reset_in_the_middle",
            "test_run_and_execute.py::test_the_engine_dies",
            "live/test_restarts.py::test_whatever_is_open_ends_when_its_engine_is_killed",
        ),
    ),
    Failure(
        "events that stop without an error",
        _SILENT,
        (
            "test_watch.py::test_heartbeat_on_a_connection_that_lost_its_other_end",
            "test_watch.py::test_heartbeat_of_an_engine_that_does_not_answer",
            "test_watch.py::test_silence_with_a_heartbeat_does_not_reconnect",
        ),
    ),
    Failure(
        "events repeated or missing after a reconnect",
        _MISSED,
        (
            "test_watch.py::test_reconnects_however_the_connection_ends",
            "test_watch.py::test_every_event_comes_once",
            "test_watch.py::test_a_restart_is_a_gap",
            "test_watch.py::test_more_events_than_the_engine_keeps",
            "live/test_restarts.py::test_a_watch_goes_on_over_a_restart",
        ),
    ),
    Failure(
        "events read too slowly for the Engine",
        _MISSED,
        (
            "test_watch.py::test_a_slow_reader_fills_our_buffer_and_not_the_engines",
            "test_watch.py::test_an_overflow_is_one_gap_in_its_place",
            "scenarios/watch.py::life",
        ),
    ),
    Failure(
        "times of events that are rounded",
        _MISSED,
        (
            "test_watch.py::test_times_are_exact",
            "test_watch.py::test_times_there_and_back",
            "test_watch.py::test_since_is_the_exact_time_of_the_last_event",
            "test_watch.py::test_since_before_what_the_engine_remembers",
        ),
    ),
    Failure(
        "events lost between the list and the start of the watch",
        _BETWEEN,
        ("test_watch.py::test_containers_are_listed_after_the_watch_has_started", "scenarios/watch.py::no_hole"),
    ),
    Failure(
        "a wait that comes after an auto-removed container has ended",
        _SHORT,
        (
            "test_races.py::test_a_command_that_ends_at_once",
            "test_races.py::test_separate_calls_lose_the_output",
            "scenarios/run.py::removed_by_the_engine",
            "live/test_sandboxes.py::test_two_hundred_runs",
        ),
    ),
    Failure(
        "a wait before the start that returns at once",
        _SHORT,
        (
            "test_races.py::test_a_command_that_ends_at_once",
            "test_waiting.py::test_a_wait_is_registered_when_it_is_entered",
            "live/test_live.py::test_wait_of_a_created_container",
        ),
    ),
    Failure(
        "an error next to the exit code",
        _WAIT,
        (
            "test_waiting.py::test_the_error_beside_the_exit_code",
            "test_races.py::test_the_error_beside_an_exit_code",
        ),
    ),
    Failure(
        "text of a proxy in the answer to a wait",
        _WAIT,
        ("test_waiting.py::test_invalid_exit_codes",),
    ),
    Failure(
        "output written before the attach",
        _SHORT,
        (
            "test_races.py::test_a_command_that_ends_at_once",
            "scenarios/attach.py::before_start",
            "live/test_sandboxes.py::test_two_hundred_runs",
        ),
    ),
    Failure(
        "bytes directly after the header of an upgrade",
        _BOTH,
        (
            "test_output.py::test_both_ways_at_once",
            "test_connections.py::test_upgrade_both_ways",
        ),
    ),
    Failure(
        "an end of input that also ends the output, or has no effect",
        _BOTH,
        (
            "test_output.py::test_both_ways_at_once",
            "test_races.py::test_large_input_and_output_at_the_same_time",
            "scenarios/exec.py::input_ends",
            "test_terminal.py::test_input_is_ended_by_a_byte",
            "test_output.py::test_the_input_of_a_terminal_is_not_half_closed",
            "test_output.py::test_the_end_of_the_input_of_a_container",
            "scenarios/execute.py::input_of_a_terminal",
            "scenarios/run.py::input_of_a_terminal",
        ),
    ),
    Failure(
        "bytes of the input that the Engine takes for the wish to detach",
        _BOTH,
        (
            "test_terminal.py::test_keys_to_detach",
            "test_terminal.py::test_input_is_ended_by_a_byte",
            "scenarios/execute.py::input_of_a_terminal",
        ),
    ),
    Failure(
        "the end of a container taken for that of a command in it",
        _ENDS,
        (
            "test_container_end.py::test_killed_with_its_container",
            "test_container_end.py::test_killed_alone",
            "test_container_end.py::test_the_command_is_not_known_any_more",
            "scenarios/execute.py::the_container_ends",
        ),
    ),
    Failure(
        "a deadlock because both sides write and neither reads",
        _BOTH,
        (
            "test_output.py::test_both_ways_at_once",
            "test_races.py::test_large_input_and_output_at_the_same_time",
            "test_connections.py::test_both_ways_at_once",
        ),
    ),
    Failure(
        "a stream that is left or cancelled",
        _LEFT,
        (
            "test_output.py::test_leaving_early",
            "test_output.py::test_cancelled_while_inspecting",
            "test_connections.py::test_a_stream_left_early",
        ),
    ),
    Failure(
        "archive members outside the destination, or large enough to fill the disk",
        _HOSTILE,
        (
            "test_copy.py::test_hostile_archives",
            "test_copy.py::test_limits",
            "test_copy.py::test_a_hundred_thousand_members",
            "test_copy.py::test_permissions_of_others_are_removed",
            "test_copy.py::test_existing_links_are_replaced_not_followed",
            "test_copy.py::test_a_link_of_the_caller_is_not_followed_inside",
            "scenarios/files.py::untrusted",
        ),
    ),
    Failure(
        "links, devices and other special files in a build context",
        _CONTEXT,
        (
            "test_context.py::test_links_are_links",
            "test_context.py::test_a_folder_that_becomes_a_link_is_not_followed",
            "test_context.py::test_a_file_that_becomes_something_else",
            "test_context.py::test_a_device_is_not_read",
            "test_context.py::test_pipes_and_sockets",
            "test_context.py::test_memory_use_is_small",
            "test_source.py::test_a_dockerignore_that_is_a_link",
            "test_source.py::test_a_dockerignore_that_becomes_a_link",
            "test_source.py::test_a_dockerignore_that_is_not_a_file",
            "test_ignore.py::test_results_equal_those_of_the_docker_command",
            "test_ignore.py::test_an_excluded_folder_is_not_read",
        ),
    ),
    Failure(
        "a file that grows, shrinks or disappears during the upload",
        _CHANGES,
        (
            "test_context.py::test_a_file_that_grows_is_sent_as_announced",
            "test_context.py::test_a_file_that_shrinks_is_an_error",
            "test_build.py::test_a_file_that_shrinks_ends_the_build",
            "test_tar.py::test_a_file_that_gets_longer",
            "test_tar.py::test_a_file_that_gets_shorter",
            "test_copy.py::test_a_file_that_shrinks_aborts_the_upload",
        ),
    ),
    Failure(
        "a success that begins before the body was sent",
        _EARLY,
        (
            "test_early_answers.py::test_a_success",
            "test_early_answers.py::test_items_come_while_the_body_waits",
            "test_early_answers.py::test_much_is_written_while_little_is_read",
            "live/test_real_uploads.py::test_builds_come_through",
        ),
    ),
    Failure(
        "an error while the body is sent on a reused connection",
        _EARLY,
        (
            "test_early_answers.py::test_a_refusal",
            "test_early_answers.py::test_a_refusal_over_tcp",
            "live/test_real_uploads.py::test_a_refusal_is_read",
        ),
    ),
    Failure(
        "a connection reset directly after the answer, on uvloop",
        _EARLY,
        (
            "test_connections.py::test_what_came_before_a_reset_is_read",
            "test_early_answers.py::test_a_refusal",
        ),
    ),
    Failure(
        "another Engine answers at the address, with another version",
        _OTHER,
        (
            "test_other_engines.py::test_a_newer_engine_is_noticed",
            "test_other_engines.py::test_it_is_asked_before_it_is_blamed",
            "test_other_engines.py::test_a_client_that_only_uploads",
            "test_other_engines.py::test_a_client_that_only_sends_head",
            "test_faults.py::test_an_engine_that_was_swapped",
        ),
    ),
    Failure(
        "a value of another type",
        _WRONG,
        (
            "test_mutants.py::test_mutants",
            "test_wrong_lines.py::test_a_pull",
            "test_watch.py::test_an_event_that_cannot_be_read_is_a_gap",
        ),
    ),
)
