"""Train for 100 steps and print a name that the model invents.

mpremote run firmware/examples/train_100_steps.py
"""

from esp32gpt import kernels
from esp32gpt.config import Config
from esp32gpt.dataset import Dataset
from esp32gpt.model import Model
from esp32gpt.rng import Rng
from esp32gpt.sampler import Sampler
from esp32gpt.tokenizer import Tokenizer
from esp32gpt.trainer import Trainer

rng = Rng(1)
tokenizer = Tokenizer()
model = Model(Config(steps=100), kernels.choose().engine)
model.init_weights(rng)
trainer = Trainer(model, Dataset("names.txt", tokenizer))
for state in trainer.run(100):
    if state.step % 10 == 0:
        print(f"step:{state.step} loss:{state.loss:.4f} avg:{state.avg:.4f}")
print(Sampler(model, tokenizer, rng).sample())
