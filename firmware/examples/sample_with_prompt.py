"""Teach the model a few names by heart, then let it complete the beginnings of names.

mpremote run firmware/examples/sample_with_prompt.py
"""

from esp32gpt import kernels
from esp32gpt.config import Config
from esp32gpt.model import Model
from esp32gpt.namelist import NameList
from esp32gpt.rng import Rng
from esp32gpt.sampler import Sampler
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer

NAMES = ["mario", "maria", "marta", "martin", "anna", "anton"]

rng = Rng(1)
tokenizer = Tokenizer()
model = Model(Config(steps=150), kernels.choose().engine)
model.init_weights(rng)
trainer = Trainer(model, NameList(NAMES, tokenizer))
for _ in trainer.run(150):
    pass
print(f"loss {trainer.loss:.2f}")
sampler = Sampler(model, tokenizer, rng)
for prompt in ("m", "mart", "an"):
    for temperature in (0.3, 1.0):
        print(f"{prompt}… at temperature {temperature}: {sampler.sample(prompt, temperature)}")
