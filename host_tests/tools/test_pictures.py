"""tools/pictures: the README's pictures, of a real run and of the model."""

import xml.etree.ElementTree as xml

import pytest
from esp32gpt import tables
from esp32gpt.config import Config

from host_tests.support import session
from tools.host.errors import ToolError
from tools.pictures import architecture, time
from tools.pictures import command as pictures


def texts(svg):
    return [element.text for element in xml.fromstring(svg).iter() if element.text]


def test_the_pictures_are_those_of_the_session_beside_them():
    log = pictures.understand(pictures.SESSION.read_bytes())
    shown = texts((pictures.PICTURES / "monitor.svg").read_text(encoding="utf-8"))
    assert texts(pictures.view(log)) == shown
    assert (pictures.PICTURES / "architecture.svg").read_text(
        encoding="utf-8"
    ) == architecture.draw()
    assert texts((pictures.PICTURES / "time.svg").read_text(encoding="utf-8")) == texts(time.draw())
    for picture in pictures.PICTURES.iterdir():
        assert picture.stat().st_size < 150_000


def test_the_view_shows_the_session_and_fetches_nothing():
    svg = pictures.view(pictures.understand(session.WHOLE))
    shown = " ".join(texts(svg)).replace("\xa0", " ")
    assert "step 1000 of 1000" in shown and "areli" in shown
    assert "url(http" not in svg


BEGUN = session.TRAINING + session.progress(100, 900)


@pytest.mark.parametrize("said", ["", BEGUN, BEGUN + session.END, session.TRAINING + session.END])
def test_half_a_session_is_refused(said):
    with pytest.raises(ToolError, match="did not train and sample: make deploy"):
        pictures.understand(session.said(said))


@pytest.mark.parametrize(
    "config", [Config(), Config(n_embd=12, n_head=3, n_layer=2, vocab_size=40)]
)
def test_the_architecture_is_that_of_the_model(config):
    calls = architecture.record(config)
    read = [weight for call in calls for weight in call.weights]
    assert read == tables.parameters(config)
    assert (calls[-1].output, calls[-1].cols) == ("logits", config.vocab_size)
    residuals = [call for call in calls if call.kernel == "residual_forward"]
    assert len(residuals) == 2 * config.n_layer
    shown = texts(architecture.draw(config))
    assert sum("_forward" in text for text in shown) == len(calls)
    for name, rows, cols in tables.parameters(config):
        assert any(f"{name.split('.')[-1]} ({rows}, {cols})" in text for text in shown)
    assert any(f"{tables.count(config):,} parameters" in text for text in shown)
