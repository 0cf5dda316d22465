"""What editors and type checkers see of the names that `ganarium` finds lazily. A test keeps it true."""

from typing import Any

from ganarium import augment as augment
from ganarium import data as data
from ganarium import divergences as divergences
from ganarium import holes as holes
from ganarium import latent as latent
from ganarium import metrics as metrics
from ganarium import nets as nets
from ganarium import objectives as objectives
from ganarium import optimizers as optimizers
from ganarium import penalties as penalties
from ganarium import pictures as pictures
from ganarium import priors as priors
from ganarium import schedules as schedules
from ganarium._version import __version__ as __version__
from ganarium.claiming.checking import check_claims as check_claims
from ganarium.claiming.proving import prove as prove
from ganarium.comparing import compare as compare
from ganarium.diagnosis import diagnose as diagnose
from ganarium.fitting import fit as fit
from ganarium.fitting import resume as resume
from ganarium.fitting import rounds as rounds
from ganarium.game import Game as Game
from ganarium.game import Paper as Paper
from ganarium.game import Player as Player
from ganarium.game import Samples as Samples
from ganarium.game import Scores as Scores
from ganarium.game import Stage as Stage
from ganarium.game import Terms as Terms
from ganarium.optimizers import SGD as SGD
from ganarium.optimizers import Adam as Adam
from ganarium.optimizers import RMSprop as RMSprop
from ganarium.priors import Normal as Normal
from ganarium.priors import Uniform as Uniform
from ganarium.run import Run as Run
from ganarium.run import Settings as Settings
from ganarium.run import load as load
from ganarium.run import runs as runs
from ganarium.schedules import Linear as Linear
from ganarium.spec import Batch as Batch
from ganarium.spec import Field as Field
from ganarium.spec import Spec as Spec
from ganarium.theory.lesson import teach as teach
from ganarium.trainer import Trainer as Trainer

# Games are found by their files, so that adding one edits nothing else.
def __getattr__(name: str) -> Any: ...
