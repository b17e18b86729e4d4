"""Questionnaires and answer templates, made from instruments."""
