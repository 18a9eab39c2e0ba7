"""The text of GPT.help(); in memory only while it is printed."""

TEXT = """gpt = GPT()             a new model (esp32gpt.json, then GPT(steps=2000))
gpt = GPT.load()        the saved one
gpt.train(1000)         1000 steps more; gpt.train(): to the end
gpt.sample(5, prompt="ma", temperature=0.7, top_k=8)
gpt.show(20)            invent 20 and say which are new
gpt.loss("emma")        how likely a name is, in nats: less is likelier
gpt.evaluate()          mean loss of names that training never saw
gpt.save()              write esp32gpt.ckpt; training does so itself
Ctrl-C stops anything and keeps the model."""


def show():
    """Print it."""
    print(TEXT)
