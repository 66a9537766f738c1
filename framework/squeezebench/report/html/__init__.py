"""A run as one HTML file that needs no network: verdict first, then what it rests on."""

from __future__ import annotations

from .page import check_report_file, html_report, write_report

__all__ = ["check_report_file", "html_report", "write_report"]
