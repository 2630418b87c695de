"""Run notebooks, turn them into pages, and bind the pages of a run together. Knows files, not statistics.

The parts are imported from their modules, so that what is light stays light:
`report.run.run_study`, `report.record.list_runs`, `report.pages.check_page`.
"""
