"""`headgate demo`: a company's documents, a real chain, a dozen questions, without and with the gate."""

from headgate.demo.company import TROUBLES, Company, DemoDocument, open_company
from headgate.demo.console import render_console
from headgate.demo.page import render_page
from headgate.demo.running import Answer, Chain, ChainBuilder, DemoResult, QuestionResult, load_chain_builder, run_demo

__all__ = [
    "TROUBLES",
    "Answer",
    "Chain",
    "ChainBuilder",
    "Company",
    "DemoDocument",
    "DemoResult",
    "QuestionResult",
    "load_chain_builder",
    "open_company",
    "render_console",
    "render_page",
    "run_demo",
]
