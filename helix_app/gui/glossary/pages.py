"""What each page of the window is for."""

from __future__ import annotations

from helix_app.gui.glossary.term import Term, tr


def pages() -> tuple[Term, ...]:
    """One entry a page, and the keys that work everywhere."""
    return (
        _page(
            "page_chat",
            tr("Chat"),
            tr("Write with the model."),
            tr(
                "Type below and press Enter; Shift+Enter begins a new line, Esc stops the reply. Under a reply are "
                "its figures and buttons: copy, write again, edit, and under the three dots show where the tokens came "
                "from, look into it, save it as a run, branch, delete.\n\nNothing is replaced: an edited question, "
                "a reply that was written again and one that you edited stand beside the first one, and the arrows "
                "between them turn the versions. Continue lets the model go on from the text of an edited reply.\n\n"
                "Files that are dropped on the conversation go into the message. Conversations are kept on this "
                "computer as they grow, and listed at the left; search looks into all of them.\n\n"
                "The bar above chooses target, draft, decoding, device and number format."
            ),
            ("target", "draft", "speculative", "page_live"),
        ),
        _page(
            "page_live",
            tr("Live panel"),
            tr("What the engine does right now."),
            tr(
                "Three plots over the seconds of this session: acceptance rate, adaptive k and decode speed. Turn the "
                "wheel over a plot to look at a shorter time, double-click to return. Below is the map of the KV "
                "cache, a cell a block; point at one to read what it holds."
            ),
            ("acceptance", "k", "speed", "kv_cache"),
        ),
        _page(
            "page_inspect",
            tr("Inspect"),
            tr("Look into a reply, round by round."),
            tr(
                "Above are all rounds: what was proposed and accepted, and where the time went. Click a round, or go "
                "with the arrow keys. Below are the tokens with their origins, the cache at that moment, the round in "
                "figures and the estimates for another k. A run can be saved as a file and opened on another "
                "computer."
            ),
            ("round", "origins", "what_if", "kv_cache"),
        ),
        _page(
            "page_compare",
            tr("Compare"),
            tr("One prompt, two ways to decode it, replayed side by side."),
            tr(
                "Choose what is compared, type a prompt and press Enter. The two run one after the other from the same "
                "seed; then play both on one clock. The figures are of one reply each: to be sure, run a benchmark."
            ),
            ("plain", "speedup", "break_even"),
        ),
        _page(
            "page_benchmark",
            tr("Benchmark"),
            tr("Measure how much faster Helix is here than plain decoding."),
            tr(
                "Each prompt is answered by plain decoding and by Helix, turn about, several times. The figures come "
                "with 95 % intervals. Close other programs and let it run; the chat waits meanwhile. Each benchmark "
                "is kept in the list and can be exported or compared with another."
            ),
            ("speedup", "interval", "plain"),
        ),
        _page(
            "page_server",
            tr("Server"),
            tr("Let other programs use the model that is loaded here."),
            tr(
                "Start answers requests in the form of OpenAI's and Anthropic's API at the address shown. Only this "
                "computer reaches it, unless you let your network, which needs a key. Replies for other programs are "
                "written beside your own; each can be stopped."
            ),
            ("local_api", "target"),
        ),
        _page(
            "page_models",
            tr("Models"),
            tr("What is on this computer, what Helix suggests, and what the hub has."),
            tr(
                "On this computer are models that Helix downloaded, files and folders that you add or drop here, and "
                "those of LM Studio, Jan, Ollama and the Hugging Face cache, which are used where they are. Load takes "
                "one as target, Use as draft lets it propose tokens; a model that cannot run says why.\n\nDownloads "
                "go on while you do something else. Pause keeps what has arrived, also when Helix ends; Resume goes "
                "on from there, and the file is checked when it is complete."
            ),
            ("target", "draft"),
        ),
        _page(
            "page_settings",
            tr("Settings"),
            tr("Sampling, conversation, engine and appearance."),
            tr(
                "Changes apply with Save. Some load the model again, which the text beside them says. Put the cursor "
                "into a field and press F1 to read what it does."
            ),
            ("temperature", "k", "context", "learning"),
        ),
        _page(
            "page_diagnostics",
            tr("Diagnostics"),
            tr("How smoothly the window runs, and what is wrong with this computer."),
            tr(
                "Check this computer looks at drivers, devices, memory and folders and tries each device with a tiny "
                "model. Copy for a bug report takes everything along, without the name of your home folder."
            ),
            ("frame_time", "device"),
        ),
        _page(
            "page_keys",
            tr("Keyboard"),
            tr("Every action has a key."),
            tr(
                "Keyboard shortcuts in the menu Help lists every key, finds it by a few letters and gives a command "
                "another one. Commands, beside it, does anything by a few letters of its name.\n\n"
                "Tab goes from control to control, Ctrl with a number to a page. In the message field Enter sends, "
                "Shift+Enter begins a new line, and the up arrow brings back what was written before. In the list of "
                "conversations Enter opens, F2 renames and Delete deletes; Shift or Ctrl with a click marks several at "
                "once. F1 is this help, at what the mouse points to or the cursor is in."
            ),
            (),
        ),
    )


def _page(key: str, name: str, tip: str, text: str, see: tuple[str, ...]) -> Term:
    return Term(key, name, tip, text, see=see, page=True)
