"""Responses and an instrument become scores and a report on how well the measure worked."""
