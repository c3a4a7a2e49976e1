"""Answers that are not just JSON: results in headers, and errors in answers with a status of success."""
