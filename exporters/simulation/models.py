"""The models that the simulated fleet serves: how large requests are, how fast one is answered, how many there are.

Figures are plausible for the cards that they run on, and claim no more than that.
"""

from __future__ import annotations

from exporters.simulation.story import Model

LLAMA_70B = Model("meta-llama/Llama-3.3-70B-Instruct", 1450, 0.38, 310, 38, 26, 96)
QWEN_32B = Model("Qwen/Qwen3-32B", 900, 0.30, 420, 29, 14, 48)
CODER_32B = Model("Qwen/Qwen2.5-Coder-32B-Instruct", 2600, 0.55, 180, 31, 11, 48)
MISTRAL_7B = Model("mistralai/Mistral-7B-Instruct-v0.3", 1900, 0.12, 240, 42, 10, 48)
LLAMA_8B = Model("meta-llama/Llama-3.1-8B-Instruct", 700, 0.20, 160, 55, 8, 32)
QWEN_1B = Model("Qwen/Qwen3-1.7B", 240, 0.10, 24, 70, 3, 16)
