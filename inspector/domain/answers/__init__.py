"""Answers: what a bin gives a sender, its default, and the documents that owners write."""
