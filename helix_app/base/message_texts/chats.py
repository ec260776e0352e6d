"""What is said of kept conversations: parts of ``messages.ERRORS`` and ``messages.NOTICES``, and the words of their files."""

from __future__ import annotations

CHAT_ERRORS: dict[str, str] = {
    "prompt_empty": "The prompt is empty. Type something to send.",
    "prompt_too_long": "The prompt has {tokens:token|tokens}, but this model takes {limit} at most. "
    "Shorten it, start a new conversation or choose a model with a longer context.",
    "prompt_too_long_default": "The prompt has {tokens:token|tokens}, but the model was loaded with a context of {limit}, Helix's default; it takes up to {model}. "
    "Raise the context (Settings > Engine in the window, --context N on the command line) or shorten the prompt.",
    "prompt_too_long_setting": "The prompt has {tokens:token|tokens}, but the context was set to {limit}; this model takes up to {model}. "
    "Raise the context (Settings > Engine in the window, --context N on the command line) or shorten the prompt.",
    "prompt_too_long_memory": "The prompt has {tokens:token|tokens}, but memory allows a context of {limit} only; this model takes up to {model}. "
    "Close other programs and load the model again, choose a smaller one, or shorten the prompt.",
    "chat_gone": "This conversation is not there any more, or not the part of it that was asked for. Open it again from the list.",
    "chats_not_kept": "What was asked could not be written in {folder}: {reason}. {hint} Then try again.",
    "chats_elsewhere": "Another Helix is open and keeps the conversations. Do this in that one, or close it and try again.",
    "chats_unreadable": "The conversations in {path} cannot be read: {reason}. {hint} Then try again.",
    "chats_export_failed": "{path} cannot be written: {reason}. Name a file in a folder that exists, that has room and that you may write to.",
    "chats_import_failed": "No conversation was taken in from {path}: {reason}. Choose a file that Helix exported, or one with messages in the form of OpenAI's.",
}

CHAT_NOTICES: dict[str, str] = {
    "chats_not_kept": "Conversations cannot be written in {folder} at the moment: {reason}. {hint} "
    "Helix goes on trying; until then they are in this window alone, so leave it open.",
    "chats_kept_again": "Conversations are being kept again.",
    "chats_elsewhere": "Another Helix is open and keeps the conversations, so what is written in this window is not kept. "
    "Close the other one to have it kept here.",
    "chats_recovered": "The file of conversations was damaged. {chats:conversation|conversations} with {messages:message|messages} could be read and "
    "taken over; the damaged file is kept as {path}.",
}

CHAT_WORDS: dict[str, str] = {  # of exported files
    "untitled": "Untitled conversation",
    "several": "Conversations",
    "person": "You",
    "assistant": "Assistant",
    "edited": "edited",
    "continued": "Text, continued by {models}",
}

MESSAGE_STATES: dict[str, str] = {  # how a message ended, where that is not as it should
    "writing": "still being written",
    "stopped": "stopped",
    "length": "token limit",
    "context_full": "context full",
    "failed": "failed",
    "interrupted": "interrupted",
}
