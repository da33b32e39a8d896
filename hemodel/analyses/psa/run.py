"""The probabilistic analysis as it is asked for: draws, seed, rule that ends it, and where it is worked out."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict

from hemodel.analyses.information import model_information
from hemodel.analyses.psa.blocks import in_threads
from hemodel.analyses.psa.draws import Until, probabilistic
from hemodel.analyses.psa.given_file import read_draws
from hemodel.analyses.psa.result import psa_result
from hemodel.analyses.research import research
from hemodel.analyses.shared import staged
from hemodel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.analyses.information import InformationResult
    from hemodel.analyses.options import Options
    from hemodel.analyses.psa.blocks import Each, Mapper
    from hemodel.analyses.psa.draws import Psa
    from hemodel.analyses.psa.given import GivenDraws
    from hemodel.analyses.psa.result import PsaResult
    from hemodel.analyses.research import ResearchResult
    from hemodel.analyses.shared import Shared
    from hemodel.model.evaluate import Model


class Drawn(TypedDict):
    """What comes of the draws; None without them."""

    given: GivenDraws | None
    psa: Psa | None
    psa_result: PsaResult | None
    information: InformationResult | None
    research: ResearchResult | None


def of_draws(
    model: Model,
    options: Options,
    watched: tuple[Callable[[str, int, int], None] | None, Each | None],
    shared: Shared,
    given: GivenDraws | None = None,
) -> Drawn:
    """Return everything that comes of the draws, once for runs alike in discount rates and thresholds.

    `watched` are called with the progress, and with the result of every block of draws. `given` came from a file.
    """
    settings = model.inputs.settings
    alike = (settings.cost_rates, settings.effect_rates, settings.thresholds, settings.decision_threshold)
    if "psa" not in options.parts:
        return Drawn(given=None, psa=None, psa_result=None, information=None, research=research(model, None))
    psa = shared.once(("psa", *alike), lambda: run_psa(model, options, *watched, given))
    return Drawn(
        given=given,
        psa=psa,
        psa_result=shared.once(("psa result", *alike), lambda: psa_result(psa, model)),
        information=staged(
            watched[0],
            "information",
            lambda: shared.once(("information", *alike), lambda: model_information(model, psa)),
        ),
        research=staged(watched[0], "studies", lambda: shared.once(("research", *alike), lambda: research(model, psa))),
    )


def run_psa(
    model: Model,
    options: Options,
    progress: Callable[[str, int, int], None] | None,
    each: Each | None,
    given: GivenDraws | None = None,
) -> Psa:
    """Run the probabilistic analysis with the draws, seed and rule of the options, else those of the settings.

    Raises
    ------
    UsageError
        For too few draws, or a cluster that cannot be used.
    """
    settings = model.inputs.settings
    draws = settings.draws if options.draws is None else options.draws
    draws = draws if given is None else given.file.draws
    seed = settings.seed if options.seed is None else options.seed
    step = None if progress is None else lambda done: progress("draws", done, draws)
    rule = until(model, options)
    with workers_of(options) as mapper:
        return probabilistic(model, draws, seed, step, until=rule, mapper=mapper, each=each, given=given)


def given_draws(model: Model, options: Options) -> GivenDraws | None:
    """Return the draws of the file that the options name, checked; None where they name none.

    Raises
    ------
    InputError
        With everything that is wrong with the file.
    UsageError
        Where the number of draws is asked for too, or no draws are wanted.
    """
    if options.use_draws is None:
        return None
    if options.draws is not None:
        raise UsageError("--draws and --use-draws exclude each other: there are as many draws as the file has rows")
    if options.until_mcse is not None or options.until_clear is not None:
        raise UsageError("--until-mcse and --until-clear are not for --use-draws: every row of the file is used")
    if "psa" not in options.parts:
        raise UsageError("--use-draws needs the probabilistic analysis: leave out --only, or add --only psa")
    seed = model.inputs.settings.seed if options.seed is None else options.seed
    return read_draws(options.use_draws, model, seed)


@contextmanager
def workers_of(options: Options) -> Iterator[Mapper]:
    """Give what works on blocks of draws: threads of this process, or the cluster asked for.

    Raises
    ------
    UsageError
        Where both a scheduler and workers are asked for, or the cluster cannot be used.
    """
    if options.scheduler and options.workers is not None:
        raise UsageError("--workers and --scheduler exclude each other: the scheduler has its own workers")
    if not options.scheduler and options.workers is None:
        yield in_threads
        return
    from hemodel.analyses.psa.cluster import cluster

    with cluster(options.scheduler, options.workers) as mapper:
        yield mapper


def until(model: Model, options: Options) -> Until | None:
    """Return the rule that ends the draws, or None where the number of draws does.

    Raises
    ------
    UsageError
        For a rule without the most draws there may be, or an error that is not above 0.
    """
    if options.until_mcse is None and options.until_clear is None:
        return None
    if options.draws is None:
        raise UsageError("--until-mcse and --until-clear need --draws, the most draws there may be")
    if options.until_mcse is not None and not options.until_mcse > 0:
        raise UsageError(f"--until-mcse {options.until_mcse:g}: the error must be above 0")
    if options.until_mcse is not None and not math.isfinite(options.until_mcse):
        raise UsageError(f"--until-mcse {options.until_mcse:g}: the error must be a finite number")
    if options.until_clear is not None and not 0 <= options.until_clear < math.inf:
        raise UsageError(f"--until-clear {options.until_clear:g}: a threshold is a number of 0 or more")
    threshold = model.inputs.settings.decision_threshold if options.until_clear is None else options.until_clear
    return Until(options.until_mcse, options.until_clear is not None, threshold)
