"""What a method may ask of a model, whoever made it: a file per family, which knows no other.

Adapt once at the edge, then write methods as if there were one model.
"""

from byheart.core.target.chat import ChatModel, ChatReply, ChatRequest, Finish
from byheart.core.target.language import Encoded, LanguageModel, Prefix
from byheart.core.target.synthesizer import Synthesizer

__all__ = ["ChatModel", "ChatReply", "ChatRequest", "Encoded", "Finish", "LanguageModel", "Prefix", "Synthesizer"]
