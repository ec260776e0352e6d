"""The words of figures, of loading and of sampling."""

from __future__ import annotations

from helix_app.gui.glossary.term import Term, tr


def figures() -> tuple[Term, ...]:
    """What is measured."""
    return (
        Term(
            "speed",
            tr("Decode speed"),
            tr("Tokens written per second, from the first token on."),
            tr(
                "The time until the first token is not part of it: that is reading the prompt, and has a figure of "
                "its own. The dashed line in the plot is what plain decoding gives here, as measured in between."
            ),
            also=tr("tokens per second, tok/s, throughput"),
            see=("ttft", "speedup", "plain"),
        ),
        Term(
            "ttft",
            tr("Time to first token (TTFT)"),
            tr("How long it took from sending the message to the first token of the reply."),
            tr(
                "Nearly all of it is reading the prompt, so it grows with the length of the text that is not in the "
                "KV cache yet. Speculation does not change it."
            ),
            also=tr("TTFT, latency, time to first token, first token"),
            see=("prefill", "speed"),
        ),
        Term(
            "speedup",
            tr("Speedup"),
            tr("How many times as fast as plain decoding on the same weights; 1.0x is equally fast."),
            tr(
                "One reply is one throw of the dice: the machine was busier or not, the text easier or not. A "
                "benchmark repeats and gives an interval; only where it leaves 1.0x out is the difference real."
            ),
            also=tr("speed-up, faster, gain, over plain"),
            see=("plain", "interval"),
        ),
        Term(
            "interval",
            tr("95 % interval"),
            tr("Where the true figure most likely lies: of a hundred such intervals, 95 hold it."),
            tr(
                "Intervals come from the spread between prompts and repeats. An interval of a speedup that holds 1.0 "
                "says: no significant difference. More prompts and repeats make it narrower."
            ),
            also=tr("confidence interval, significant, noise, noisy, verdict"),
            see=("speedup",),
        ),
        Term(
            "frame_time",
            tr("Frame time"),
            tr("How long the window took to show what came, while a reply was written."),
            tr(
                "A window that needs more than 33 ms for a frame looks choppy, and takes time from the engine. "
                "Close the live panel or other programs if it does."
            ),
            also=tr("smoothness, stutter, FPS"),
        ),
    )


def loading() -> tuple[Term, ...]:
    """What a model runs on and how."""
    return (
        Term(
            "local_api",
            tr("Local API"),
            tr("An address on this computer where other programs get replies of the loaded model."),
            tr(
                "It speaks OpenAI's API (chat completions, completions, responses, models), Anthropic's messages, and "
                "routes of its own. Set an editor's base URL to the address that is shown, and give it the key if you "
                "set one. Nothing leaves this computer or, if you allow it, your network."
            ),
            also=tr("server, OpenAI, Anthropic, endpoint, port"),
            see=("target",),
        ),
        Term(
            "remote_engine",
            tr("Remote engine"),
            tr("A server that writes the replies in place of this computer's engine."),
            tr(
                "It is another Helix, or any server that speaks OpenAI's API. What it tells is shown: text, tokens "
                "and, of another Helix, how many drafts were accepted. Its rounds, cache and memory stay unknown. "
                "Conversations are kept here, and sent to it with every question."
            ),
            also=tr("server, remote, OpenAI, address, key"),
            see=("local_api", "target"),
        ),
        Term(
            "device",
            tr("Device"),
            tr("What computes: a graphics card through DirectML or CUDA, or the CPU."),
            tr(
                "Auto takes the first that works of DirectML, CUDA (which includes AMD's ROCm) and the CPU. A device "
                "that fails is given up for the CPU in the middle of the reply, and a notice says so."
            ),
            also=tr("GPU, CPU, DirectML, CUDA, ROCm, adapter"),
            see=("dtype",),
        ),
        Term(
            "dtype",
            tr("Number format"),
            tr("How the weights are computed with: packed as in the file, float32, bfloat16, float16 or int4."),
            tr(
                "packed multiplies with the file's own blocks of 2 to 8 bits: nothing is unpacked, and memory is the "
                "file. On a CPU a reply is then the same to the last bit with speculation and without; what the "
                "weights are multiplied with is rounded to eight bits, as other programs for such files do. On a CUDA "
                "card it takes Triton, and kernels that passed their trial on that card.\n\n"
                "float32 is exact and takes four bytes a weight. bfloat16 and float16 take two and are as good in "
                "nearly all texts. int4 runs a Q4_0 or Q4_1 file on its own four-bit integers, and rounds others to "
                "them: an approximation.\n\nAuto takes packed for a packed file on a CPU, and on a CUDA card "
                "where it is as fast as 16 bits, else the fastest that gives the model's own text."
            ),
            also=tr(
                "fp32, bf16, fp16, precision, quantisation, packed, Q4_K_M, dtype, float32, bfloat16, float16, int4"
            ),
            see=("device", "target"),
        ),
        Term(
            "learning",
            tr("Learning"),
            tr("Helix remembers which tokens followed which, so that later replies are drafted better."),
            tr(
                "It is a table of 8 MB a model, of hashed short sequences of tokens. It stays on this computer, and "
                "the settings switch it off and wipe it. The text of replies does not change."
            ),
            also=tr("n-gram table, forget, privacy"),
            see=("draft",),
        ),
        Term(
            "engine_process",
            tr("Engine"),
            tr("The part of Helix that runs the model; by default a process of its own."),
            tr(
                "In a process of its own, a crash of a driver or a lack of memory does not take the window along: "
                "the reply goes on after a restart of the engine."
            ),
            also=tr("process, crash"),
        ),
    )


def sampling() -> tuple[Term, ...]:
    """How the next token is chosen."""
    return (
        Term(
            "temperature",
            tr("Temperature"),
            tr("How adventurous the choice of the next token is; 0 always takes the likeliest."),
            tr(
                "Under 1 likely tokens become likelier, above 1 unlikely ones do. At 0 the reply is the same each "
                "time, which is called greedy."
            ),
            also=tr("greedy, randomness, creativity"),
            see=("top_p", "seed"),
        ),
        Term(
            "top_k",
            tr("Top-k"),
            tr("Only so many of the likeliest tokens may be chosen; 0 keeps all."),
            tr("A hard limit on how unlikely a token may be. It has nothing to do with the k of a round."),
            see=("top_p", "min_p"),
        ),
        Term(
            "top_p",
            tr("Top-p"),
            tr("Only the likeliest tokens may be chosen that together have this probability; 1 keeps all."),
            tr("Where the model is sure few tokens are left, where it is not many are."),
            also=tr("nucleus sampling"),
            see=("top_k", "min_p"),
        ),
        Term(
            "min_p",
            tr("Min-p"),
            tr("Tokens are dropped whose probability is under this share of the likeliest one's; 0 keeps all."),
            tr("With 0.05 a token must be at least a twentieth as likely as the likeliest one."),
            see=("top_p", "top_k"),
        ),
        Term(
            "repetition_penalty",
            tr("Repetition penalty"),
            tr("Makes tokens that were used before less likely; 1 is off."),
            tr("A little over 1 helps against loops. Much more spoils code and names, which have to repeat."),
            see=("temperature",),
        ),
        Term(
            "max_tokens",
            tr("Longest reply"),
            tr("After so many tokens a reply ends, finished or not."),
            tr("The model usually ends by itself before. The context may end a reply sooner."),
            also=tr("max tokens, limit, length"),
            see=("context", "token"),
        ),
        Term(
            "seed",
            tr("Seed"),
            tr("The same seed and prompt write the same reply, drafted or not; empty draws a new one."),
            tr(
                "Random choices come from a list of numbers that the seed fixes. With a seed, verification is "
                "coupled: the text does not depend on what is drafted."
            ),
            also=tr("random, reproducible"),
            see=("verify", "temperature"),
        ),
        Term(
            "system_prompt",
            tr("System prompt"),
            tr("What the model is told before the conversation; empty sends nothing."),
            tr("It is part of each request and counts as context. Some models do not know system prompts."),
            see=("context",),
        ),
        Term(
            "on_full",
            tr("When the context is full"),
            tr("A conversation that leaves no room for a reply stops, or its oldest turns stay out."),
            tr(
                "With “Stop” nothing is ever left out: a message that no longer fits comes back, and you can "
                "load the model with a larger context or begin a new conversation.\n\nWith “Drop oldest”, as "
                "few of the oldest turns as need be are not sent, a turn being a question with its answers. The system "
                "prompt and your latest message always are; of a text that is continued, only its end. "
                "A line in the conversation shows from where on is sent, "
                "and so does the bar of the context. Nothing is deleted: with a larger context all of it is sent again."
            ),
            also=tr("context policy, truncation, sliding window"),
            see=("context", "system_prompt"),
        ),
        Term(
            "reply_form",
            tr("Form of replies"),
            tr("Replies are free text, or JSON that other programs can read, also by a schema of yours."),
            tr(
                "A reply of a given form cannot break it: at each place only tokens may be chosen that the form "
                "allows, and the draft proposes only such. JSON is written on one line. What the model thinks before "
                "its answer stays free. It helps to say in the prompt what you want in the fields."
            ),
            also=tr("structured output, JSON schema, grammar"),
            see=("system_prompt", "token"),
        ),
        Term(
            "chat_template",
            tr("Chat template"),
            tr("The program, in Jinja, that makes a prompt of the messages; it comes with the model."),
            tr(
                "It puts the marks around messages that the model learnt in training. Another one can be tried in one "
                "conversation, under Prompt and sampling: it is checked as you type, and the prompt that it makes can "
                "be looked at as tokens. Templates run in a sandbox that reaches no files and no network. A model "
                "without one, as base models are, continues the text that stands there, exactly as it is."
            ),
            also=tr("jinja, prompt format"),
            see=("system_prompt", "token"),
        ),
    )
