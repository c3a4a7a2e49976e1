"""Answers that are more than JSON: what some operations say in headers, or hide in a success."""
