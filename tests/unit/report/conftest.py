"""The reports of these tests share a process for their cells, except where a test asks for one of its own."""

from tests.unit.report.one_process import cells_in_one_process, cells_in_their_own_process

__all__ = ["cells_in_one_process", "cells_in_their_own_process"]
