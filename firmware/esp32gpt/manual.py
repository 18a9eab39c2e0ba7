"""The text of GPT.help(). It is in memory only while it is printed."""

TEXT = """gpt = GPT(steps=2000)   a new model; esp32gpt.json has the other settings
gpt = GPT.load()        the saved one: resumed: step 1000 from esp32gpt.ckpt
gpt.train(1000)         1000 steps more: step:1050 loss:2.4133 avg:2.4411 ...
gpt.train(seconds=60)   as many as a minute allows; gpt.train(): to the end
gpt.sample(2, prompt="ma", temperature=0.7, top_k=8)   ['marota', 'mara']
gpt.sample(2, prompt="\\xe5")   beginning with å, which a board's prompt drops
gpt.show(20)            invent 20:  1 aring ... 18 of 20 are new; known: ja
gpt.loss("emma")        'emma': 2.4587; how likely, in nats: less is likelier
gpt.evaluate()          2.4749; mean loss of names that training never saw
gpt.save()              saved: step 2000 to esp32gpt.ckpt
Ctrl-C stops anything and keeps the model."""


def show():
    """Print TEXT, the list of a GPT's methods."""
    print(TEXT)
