"""The words of speculative decoding and of the cache."""

from __future__ import annotations

from helix_app.gui.glossary.term import Term, tr


def speculation() -> tuple[Term, ...]:
    """How a reply is decoded."""
    return (
        Term(
            "target",
            tr("Target"),
            tr("The model whose words you read; it checks every drafted token."),
            tr(
                "The target is the model that answers. Whatever is drafted, each token of the reply is one that the "
                "target itself accepts or chooses, so the text is the target's own.\n\nChoose it in the toolbar: a "
                "model of the catalogue, a .gguf file or a folder of safetensors."
            ),
            also=tr("target model, main model, LLM"),
            see=("draft", "speculative", "dtype"),
        ),
        Term(
            "draft",
            tr("Draft"),
            tr("What guesses the next tokens cheaply, so that the target can check several at once."),
            tr(
                "A draft proposes tokens; the target keeps those it agrees with. A good draft makes replies faster, a "
                "bad one only costs time, and neither changes the text.\n\nAuto takes the best at hand. N-gram looks "
                "up what followed the last time the text read like this and needs no model. Self is the target in "
                "fewer bits, on the target's own cache. Own layer (MTP) is one that some models have for this, a head "
                "(EAGLE-3) one that was made for a model later. A draft model is a smaller model, best with the same "
                "vocabulary: the text of another one is re-encoded. None is plain decoding."
            ),
            also=tr("draft model, draft head, EAGLE, assistant model, drafter, n-gram, self"),
            see=("target", "k", "acceptance"),
        ),
        Term(
            "speculative",
            tr("Speculative decoding"),
            tr("A draft proposes some tokens, and the target checks them all in one pass."),
            tr(
                "A language model writes a token a pass, and most of a pass is reading its weights from memory. "
                "Checking several tokens costs little more than writing one. So a cheap draft proposes a few, the "
                "target checks them together and keeps the longest beginning that it agrees with, and one token of "
                "its own on top.\n\nThe reply is the same as with plain decoding: it is lossless. With a seed or at "
                "temperature 0 it is the same token by token. Where drafting does not pay, Helix stops drafting by "
                "itself.\n\nChoose Speculative or Plain in the toolbar."
            ),
            also=tr("speculation, assisted generation, lossless, mode"),
            see=("plain", "draft", "round", "acceptance"),
        ),
        Term(
            "plain",
            tr("Plain decoding"),
            tr("One token a pass of the target, with no draft: what speculative decoding is compared with."),
            tr(
                "Plain decoding is how models usually write: a pass, a token, the next pass. It is the yardstick of "
                "every comparison in Helix: the dashed line in the speed plot, the other side on the Compare page, "
                "the first column of a benchmark.\n\nOn the command line and in files its name is autoregressive."
            ),
            also=tr("autoregressive, baseline, without speculation, reference"),
            see=("speculative", "speedup"),
        ),
        Term(
            "round",
            tr("Round"),
            tr("One turn of drafting and checking: k tokens are proposed, one pass of the target judges them."),
            tr(
                "Each round drafts k tokens and runs the target once over them. Of the k, the first few that the "
                "target agrees with are kept; then it adds one token of its own: a correction after a rejected token, "
                "a bonus after a draft that was accepted whole.\n\nA round with k = 0 is a step of plain decoding. "
                "The Inspect page shows every round of a reply."
            ),
            also=tr("step, pass, iteration"),
            see=("k", "acceptance", "origins"),
        ),
        Term(
            "k",
            tr("Adaptive k"),
            tr("How many tokens are drafted in a round; Helix adapts it to what pays."),
            tr(
                "k is the number of tokens that the draft proposes in a round. Many are worth it while the target "
                "keeps agreeing; few, or none, while it does not.\n\nWith Auto, Helix measures what drafting and "
                "checking cost here and takes the k that promises the most tokens per second; 0 is a legal answer. "
                "Additive goes up by one while nearly all is accepted and down while little is. Fixed always takes the "
                "same k. Choose in Settings, Engine."
            ),
            also=tr("K, draft length, number of speculative tokens, gamma, policy, additive, fixed"),
            see=("round", "acceptance", "break_even"),
        ),
        Term(
            "acceptance",
            tr("Acceptance rate"),
            tr("The share of the drafted tokens that the target agreed with, of those it looked at."),
            tr(
                "Accepted draft tokens divided by the draft tokens that the target scored. High: the draft guesses "
                "well, for example in code or lists. Low: the text is surprising.\n\nRolling is that of the last "
                "rounds, whole reply that since its start. Under 30 % k always shrinks."
            ),
            also=tr("accepted, accept rate, hit rate"),
            see=("k", "break_even", "tokens_per_pass"),
        ),
        Term(
            "break_even",
            tr("Break-even"),
            tr("The acceptance rate from which drafting is faster than plain decoding here."),
            tr(
                "A round costs more than a plain step: drafting takes time, and so do the additional rows that are "
                "checked. Break-even is the acceptance rate at which both are equal, from the times measured in this "
                "reply. Above it drafting gains, below it loses."
            ),
            also=tr("pays, worth it"),
            see=("acceptance", "speedup"),
        ),
        Term(
            "tokens_per_pass",
            tr("Tokens per pass"),
            tr("How many tokens a pass of the target writes on average; plain decoding writes one."),
            tr(
                "The tokens of a reply divided by the passes of the target that wrote them. It bounds the gain: with "
                "2.9 tokens per pass speculation cannot be more than 2.9 times as fast as plain decoding, and is less, "
                "as drafting costs time too."
            ),
            also=tr("mean accepted length, block efficiency, tau"),
            see=("acceptance", "round"),
        ),
        Term(
            "verify",
            tr("Verification"),
            tr("How the target judges drafted tokens, so that the reply stays its own."),
            tr(
                "Rejection accepts a drafted token with the probability min(1, p/q), where p is what the target and q "
                "what the draft gave it, and draws from what is left over otherwise: the text follows the target's "
                "own distribution.\n\nCoupled ties each choice to the seed, so that the very same text comes out "
                "whatever is drafted. It is used when a seed is set."
            ),
            also=tr("rejection sampling, coupled, lossless, p, q"),
            see=("speculative", "seed"),
        ),
        Term(
            "origins",
            tr("Token origins"),
            tr("Where each token came from: accepted, corrected, bonus or plain."),
            tr(
                "Accepted: the draft proposed it and the target agreed; underlined. Corrected: the target's own, in "
                "place of a draft token that it rejected; wavy line. Bonus: the target's own, after a draft that was "
                "accepted whole; dotted line. Plain: decoded without a draft; no line.\n\nRejected draft tokens can be "
                "shown in their place, struck through. They are not part of the reply."
            ),
            also=tr("accepted, corrected, bonus, rejected, provenance"),
            see=("round", "verify"),
        ),
        Term(
            "what_if",
            tr("What if?"),
            tr("An estimate of the speed with another k, from this reply's own costs and acceptance."),
            tr(
                "Each bar is what a fixed k would have given, and the last one the additive policy, if drafts were as "
                "good everywhere as where they were made. The line is what was measured, the dashes the bound: every "
                "round drafts just what will be accepted. Hatched bars are beyond what this reply tried."
            ),
            also=tr("estimate, projection"),
            see=("k", "break_even"),
        ),
    )


def cache() -> tuple[Term, ...]:
    """How a model reads, and what it keeps of it."""
    return (
        Term(
            "token",
            tr("Token"),
            tr("A piece of text, about three quarters of an English word: models read and write in tokens."),
            tr(
                "A model's vocabulary holds some ten thousand tokens: words, parts of words, signs. Text is cut into "
                "them before the model reads it. Limits and speeds are counted in tokens."
            ),
            also=tr("tokenizer, vocabulary"),
            see=("context", "speed"),
        ),
        Term(
            "prefill",
            tr("Reading the prompt"),
            tr("Before the first token the model reads the whole prompt; what the cache holds is not read again."),
            tr(
                "The prompt is read in chunks of many tokens at once. In a chat most of it was read in the turn "
                "before and is still in the KV cache, so only the new part is read."
            ),
            also=tr("prefill, prompt processing, prefix hit"),
            see=("ttft", "kv_cache"),
        ),
        Term(
            "kv_cache",
            tr("KV cache"),
            tr("What the model remembers of the tokens it has read, so that no token is read twice."),
            tr(
                "For each token a transformer keeps a key and a value in every layer. With them the next token costs "
                "one row of work instead of the whole text again.\n\nHelix keeps them in blocks of 16 tokens. A block "
                "is free, used by a reply, shared by several, or cached: nobody needs it now, but a prompt that begins "
                "in the same way takes it over unread. The map shows each block."
            ),
            also=tr("key-value cache, paged attention, cache, memory"),
            see=("block", "sequence", "context"),
        ),
        Term(
            "block",
            tr("Block"),
            tr("A piece of the KV cache with room for 16 tokens, its slots."),
            tr(
                "Blocks are handed out one by one as a reply grows, so no memory is reserved for text that is never "
                "written. A part-filled block is drawn part-filled. Drafted tokens take slots until they are judged; "
                "the slots of rejected ones are freed at once. When none is free, the block that was unused for the "
                "longest time is taken."
            ),
            also=tr("page, slot, paged"),
            see=("kv_cache", "sequence"),
        ),
        Term(
            "memory",
            tr("Memory"),
            tr("What Helix and the loaded model take now, beside what is free on this computer."),
            tr(
                "Weights take most of it, then the KV cache, which grows with the context; a draft model and a copy of "
                "the target in fewer bits come on top.\n\nIf it is short, choose a smaller model or a shorter context, "
                "or close other programs. On a graphics card its own memory is shown where the driver tells it."
            ),
            also=tr("RAM, VRAM, free memory, weights"),
            see=("kv_cache", "context", "dtype"),
        ),
        Term(
            "sequence",
            tr("Sequence"),
            tr("A prompt with its reply, as the cache sees it: one row of blocks."),
            tr(
                "Each reply that is being written is a sequence and has a hue in the map. Sequences that begin alike "
                "share their first blocks, which are outlined."
            ),
            also=tr("request, conversation"),
            see=("block", "kv_cache"),
        ),
        Term(
            "context",
            tr("Context"),
            tr("How many tokens of conversation the model can have before it, prompt and reply together."),
            tr(
                "The model itself, the memory that is free and the setting Context limit it; the smallest counts. "
                "When a conversation is longer, begin a new chat, shorten the message or set a larger context in "
                "Settings, Engine."
            ),
            also=tr("context length, context window, n_ctx"),
            see=("token", "kv_cache"),
        ),
    )
