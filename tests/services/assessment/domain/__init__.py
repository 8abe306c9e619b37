"""Tests of the assessment's rules."""
