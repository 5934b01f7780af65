"""From what was asked to cells: targets, prompts, data, requests and their keys."""
