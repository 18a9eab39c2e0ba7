"""GPT, as a user calls it at the REPL."""

import os

from esp32gpt import checkpoint, inventions, recovery, run
from esp32gpt import gpt as module
from esp32gpt.dataset import DatasetError
from esp32gpt.gpt import GPT
from esp32gpt.trainer import TrainingError
from raising import raises

NAMES = "test_gpt_names.tmp"
FILE = "test_gpt.tmp"
SYLLABLES = ("ma", "ri", "no", "el", "an", "ta", "jo", "ki", "lu", "se")
TINY = {"n_embd": 4, "n_head": 2, "block_size": 8, "names": NAMES, "steps": 30}


def write_names(count=300):
    """Write a names file of different names, long enough for held-out names."""
    with open(NAMES, "w") as file:
        for i in range(count):
            a, b, c = i % 10, i // 10 % 10, i // 100
            file.write(SYLLABLES[b] + SYLLABLES[c] + SYLLABLES[a] + "\n")


def new(**changes):
    """Return a small new GPT that saves to FILE."""
    options = dict(TINY)
    options.update(changes)
    if not options["steps"]:
        del options["steps"]
    gpt = GPT(**options)
    gpt.path = FILE
    return gpt


def clean():
    for path in [NAMES, NAMES.replace(".tmp", ".alphabet")] + [
        FILE + suffix for suffix in checkpoint.SUFFIXES
    ]:
        try:
            os.remove(path)
        except OSError:
            pass


def state(gpt):
    """Return the whole state of training, to the last bit."""
    names = gpt.trainer.documents
    return (
        [bytes(memoryview(values)) for values in gpt.arrays()[:3]],
        gpt.trainer.step,
        gpt.trainer.avg,
        (gpt.rng.high, gpt.rng.low),
        (names.epoch, names.block, names.line),
    )


def test_a_resumed_run_goes_on_exactly():
    write_names()
    straight = new(autosave_seconds=0)
    straight.train()
    first = new()
    first.sample(2)
    first.train(11)
    assert first.trainer.step == 11
    again = GPT.load(FILE, names=NAMES)
    assert state(again) == state(first)
    again.train()
    first_half = new(autosave_seconds=0)
    first_half.train(11)
    first_half.train()
    assert state(again)[:3] == state(straight)[:3] == state(first_half)[:3]
    assert state(again)[4] == state(straight)[4]
    # The random numbers continue as well.
    assert GPT.load(FILE, names=NAMES).sample(3) == again.sample(3)
    clean()


def test_a_resumed_run_of_batches_goes_on_exactly():
    write_names()
    recipe = {"batch": 3, "warmup": 7, "cosine": True, "learning_rate": 0.02, "beta1": 0.9}
    straight = new(autosave_seconds=0, **recipe)
    straight.train()
    new(**recipe).train(11)
    again = GPT.load(FILE, names=NAMES)
    again.train()
    assert state(again) == state(straight)
    clean()


def test_a_resumed_run_with_moments_of_16_bits_goes_on_exactly():
    write_names()
    straight = new(autosave_seconds=0, moment_bits=16)
    straight.train()
    new(moment_bits=16).train(11)
    again = GPT.load(FILE, names=NAMES)
    assert again.model.config.moment_bits == 16
    again.train()
    assert state(again) == state(straight)
    clean()


def test_seconds_are_turned_into_steps_once():
    write_names()
    gpt = new(seconds=1, steps=None)
    gpt.train()
    config = gpt.model.config
    steps = config.steps
    assert gpt.is_trained() and gpt.trainer.step == steps > 21
    gpt.train(seconds=1)
    assert gpt.trainer.step == config.steps > steps + 21
    gpt.train(4)
    assert gpt.trainer.step == config.steps
    for wrong in ({"seconds": 0}, {"seconds": 0.5}, {"steps": 0}, {"steps": "9"}):
        assert "must be" in raises(ValueError, gpt.train, **wrong)
    assert "leave one" in raises(ValueError, gpt.train, 5, 1)
    clean()


def test_a_run_of_seconds_that_stopped_is_resumed_exactly():
    write_names()
    first = new(seconds=2, steps=None, autosave_steps=25)

    class Stop(Exception):
        pass

    def stop(held):
        save(held)
        raise Stop

    save = first.save
    first.save = stop
    raises(Stop, first.train)
    steps = first.model.config.steps
    again = GPT.load(FILE, names=NAMES, seconds=2)
    assert again.model.config.steps == steps and again.model.config.learning_rate < 0.05
    assert state(again) == state(first)
    list(first.trainer.run(first.trainer.step + 30))
    list(again.trainer.run(again.trainer.step + 30))
    assert state(again) == state(first)
    clean()


def test_the_checkpoint_of_the_lowest_held_out_loss_is_kept():
    write_names()
    gpt = new(autosave_seconds=0, steps=100)
    for step, held in ((1, 3.0), (2, 2.5), (3, 2.75), (4, 2.5), (5, 2.6)):
        list(gpt.trainer.run(step))
        gpt.save(held)
    assert recovery.inspect(FILE + checkpoint.BEST).step == 4
    assert recovery.inspect(FILE).step == 5
    gpt = GPT.load(FILE, names=NAMES)  # which remembers the best
    for step, held in ((6, 2.7), (7, 2.4), (8, 2.9)):
        list(gpt.trainer.run(step))
        gpt.save(held)
    best = GPT.load(FILE + checkpoint.BEST, names=NAMES)
    assert best.trainer.step == 7 and best.path == FILE
    with open(FILE, "wb") as file:  # the last one is damaged: this one is gone on from
        file.write(b"esp32gpt")
    assert GPT.load(FILE, names=NAMES).trainer.step == 7
    clean()


def test_training_again_moves_the_end_of_the_schedule():
    write_names()
    gpt = new(autosave_seconds=0)
    gpt.train()
    assert gpt.is_trained() and gpt.trainer.step == 30
    gpt.train()  # says that all is done
    assert gpt.trainer.step == 30
    gpt.train(5)
    assert gpt.trainer.step == 35 == gpt.model.config.steps
    clean()


def test_autosave_by_steps_and_at_the_end():
    write_names()
    gpt = new(autosave_seconds=0, autosave_steps=10)
    gpt.train(25)
    assert recovery.inspect(FILE).step == 25
    assert recovery.inspect(FILE + checkpoint.OLD).step == 20
    clean()
    write_names()
    gpt = new(autosave_seconds=0)
    gpt.train(5)
    assert not checkpoint.exists(FILE)
    clean()


def test_a_new_model_keeps_the_file_of_another():
    write_names()
    new().train(5)
    new().train(3)
    assert recovery.inspect(FILE).step == 3
    assert recovery.inspect(FILE + checkpoint.KEPT).step == 5
    clean()


def test_another_names_file_is_noticed_and_read_from_its_beginning():
    write_names()
    gpt = new()
    gpt.train(20)
    before = gpt.model.params[0]
    write_names(200)
    again = GPT.load(FILE, names=NAMES)
    assert again.trainer.documents.line == 0 and again.model.params[0] == before
    again.train(3)
    assert again.trainer.step == 23
    clean()


def test_another_shape_is_refused():
    write_names()
    new().train(2)
    assert "has n_embd 4, but 8 is asked for" in raises(
        ValueError, GPT.load, FILE, names=NAMES, n_embd=8
    )
    clean()


def test_samples_begin_with_the_prompt():
    write_names()
    gpt = new(autosave_seconds=0)
    gpt.train()
    names = gpt.sample(5, prompt="ma", temperature=0.7, top_k=3)
    assert len(names) == 5 and all(name.startswith("ma") for name in names)
    for options in ({"prompt": "MA1"}, {"prompt": "m" * 9}, {"temperature": 0}, {"top_k": -1}):
        raises(ValueError, gpt.sample, 1, **options)
    clean()


def test_names_of_the_list_are_known():
    write_names()
    with open(NAMES, "a") as file:
        file.write("  Zoe \r\nAnna")
    gpt = new(autosave_seconds=0)
    assert gpt.known(["zoe", "anna", "mamama", "xyz", ""]) == {"zoe", "anna", "mamama"}
    clean()


def test_training_lowers_the_loss_of_names_it_never_saw():
    write_names()
    gpt = new(autosave_seconds=0, steps=200, learning_rate=0.02)
    before = gpt.evaluate()
    gpt.train()
    assert gpt.evaluate() < before - 0.3
    assert gpt.loss("marima") < gpt.loss("aaaaaa")
    assert "letters" in raises(ValueError, gpt.loss, "x-y")
    clean()


def test_a_short_list_holds_nothing_out():
    write_names(20)
    gpt = new(autosave_seconds=0)
    assert gpt.evaluate() is None
    gpt.train(3)
    gpt.report()
    clean()


def said_by(function, *arguments, **options):
    """Call the function and return the lines that it prints."""
    lines = []
    for speaker in (module, inventions, run):
        speaker.print = lines.append
    try:
        function(*arguments, **options)
    finally:
        for speaker in (module, inventions, run):
            del speaker.print
    return lines


def test_the_first_training_says_what_is_in_the_list():
    write_names()
    gpt = new(autosave_seconds=0)
    lines = said_by(gpt.train, 2)
    assert "300 lines, 300 names, all different, " in lines[0] and " held out" in lines[0]
    assert lines[1].startswith("letters: 13, ") and lines[2].startswith("training: step 0 to 2")
    assert said_by(gpt.train, 2)[0].startswith("training: step 2 to 4")
    clean()


def test_few_different_names_are_all_trained_on():
    for words in (("red",), ("no", "false"), ("north", "south", "east", "west")):
        with open(NAMES, "w") as file:
            file.write("\n".join(words * 100))
        gpt = new(autosave_seconds=0, block_size=6)
        assert "nothing is held out" in said_by(gpt.train, 2)[0]
        assert gpt.evaluate() is None and gpt.known(list(words)) == set(words)
        clean()


def test_a_changed_list_of_the_same_length_has_its_own_letters():
    for word, letters in (("josef", "efjos"), ("jozef", "efjoz")):
        with open(NAMES, "w") as file:
            file.write(word + "\n")
        assert new().tokenizer.alphabet == letters
    clean()


def test_a_saved_model_says_that_a_list_is_in_other_letters():
    write_names()
    gpt = new()
    gpt.train(2)
    with open(NAMES, "w") as file:
        file.write("mari\nx\nmaria\n")
    resumed = GPT.load(FILE, names=NAMES)
    lines = said_by(resumed.train, 2)
    assert "3 lines, 2 names" in lines[0]
    assert "1 with other letters ('x'); the saved model does not know these" in lines[2]
    with open(NAMES, "wb") as file:
        file.write("αθήνα\n".encode())
    said = raises(DatasetError, GPT.load, FILE, names=NAMES)
    assert "FRESH=1" in said and "the list that it learned from" in said
    clean()


def test_what_arrives_of_a_name_is_echoed():
    write_names()
    gpt = new(autosave_seconds=0)
    assert said_by(gpt.loss, "sari") == ["'sari':"]
    assert "\\xe5" in said_by(gpt.sample, 1, prompt="")[0] and not said_by(gpt.sample, 1)
    assert "\\xe5" in raises(ValueError, gpt.loss, "")
    clean()


def test_names_without_a_letter_are_not_new():
    write_names()
    gpt = new(autosave_seconds=0)
    gpt.sample = lambda n, **options: [""]
    assert said_by(gpt.show, 3)[-1] == "0 of 3 are new"
    clean()


def test_a_missing_list_is_said():
    clean()
    assert NAMES in raises(DatasetError, new)


def test_a_loss_that_is_not_finite_ends_training_and_saves_nothing():
    write_names()
    gpt = new()
    gpt.train(2)
    gpt.model.params[0] = float("nan")
    for i in range(len(gpt.model.params)):
        gpt.model.params[i] = float("nan")
    assert "not finite" in raises(TrainingError, gpt.train, 2)
    assert recovery.inspect(FILE).step == 2
    clean()
