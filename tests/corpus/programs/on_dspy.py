"""The weather desk on DSPy's ReAct, which speaks to the model in marked fields of text."""

from contextlib import suppress

import weather
from otel import tracers, visitor

provider = tracers()

from openinference.instrumentation.dspy import DSPyInstrumentor  # noqa: E402

DSPyInstrumentor().instrument(tracer_provider=provider)

import dspy  # noqa: E402

dspy.configure(lm=dspy.LM(f"openai/{weather.MODEL}", temperature=0.2, cache=False, num_retries=0))


class Desk(dspy.Signature):
    """You are a weather desk. Answer briefly."""

    question: str = dspy.InputField()
    answer: str = dspy.OutputField()


with visitor("openinference"):
    dspy.Predict(Desk)(question=weather.ASKED_POEM)
    desk = dspy.ReAct(Desk, tools=[weather.get_weather, weather.get_alerts], max_iters=4)
    with suppress(Exception):
        desk(question=weather.ASKED)
    with suppress(Exception):
        desk(question=weather.ASKED_BROKEN)
provider.shutdown()
