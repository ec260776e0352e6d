<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
 <context>
  <name>AboutDialog</name>
  <message>
   <source>About Helix</source>
   <translation>Über Helix</translation>
  </message>
  <message>
   <source>Accelerator and repair…</source>
   <translation>Beschleuniger und Reparatur…</translation>
  </message>
  <message>
   <source>Chat with language models on your own computer, and watch why it is fast.</source>
   <translation>Auf dem eigenen Computer mit Sprachmodellen chatten und sehen, warum es schnell geht.</translation>
  </message>
  <message>
   <source>Close</source>
   <translation>Schließen</translation>
  </message>
  <message>
   <source>Component</source>
   <translation>Bestandteil</translation>
  </message>
  <message>
   <source>Copied</source>
   <translation>Kopiert</translation>
  </message>
  <message>
   <source>Copy versions</source>
   <translation>Versionen kopieren</translation>
  </message>
  <message>
   <source>Helix itself is under the MIT licence. It is made with:</source>
   <translation>Helix selbst steht unter der MIT-Lizenz. Es besteht aus:</translation>
  </message>
  <message>
   <source>Helix {version}</source>
   <translation>Helix {version}</translation>
  </message>
  <message>
   <source>Licence</source>
   <translation>Lizenz</translation>
  </message>
  <message>
   <source>Open its page</source>
   <translation>Zu ihrer Seite</translation>
  </message>
  <message>
   <source>Python {python} · Qt {qt}
Models: {models}
Log files: {logs}</source>
   <translation>Python {python} · Qt {qt}
Modelle: {models}
Protokolle: {logs}</translation>
  </message>
  <message>
   <source>Version</source>
   <translation>Version</translation>
  </message>
  <message>
   <source>What Helix is made with</source>
   <translation>Woraus Helix besteht</translation>
  </message>
 </context>
 <context>
  <name>AgreementBadge</name>
  <message>
   <source>Show</source>
   <translation>Zeigen</translation>
  </message>
  <message>
   <source>Show the first difference</source>
   <translation>Den ersten Unterschied zeigen</translation>
  </message>
 </context>
 <context>
  <name>Alerts</name>
  <message>
   <source>Reply complete</source>
   <translation>Antwort fertig</translation>
  </message>
 </context>
 <context>
  <name>ArmPane</name>
  <message>
   <source>Progress of {arm}</source>
   <translation>Fortschritt von {arm}</translation>
  </message>
  <message>
   <source>Reply of {arm}</source>
   <translation>Antwort von {arm}</translation>
  </message>
  <message>
   <source>Reply of {arm}, formatted</source>
   <translation>Antwort von {arm}, formatiert</translation>
  </message>
  <message>
   <source>failed</source>
   <translation>fehlgeschlagen</translation>
  </message>
  <message>
   <source>not run</source>
   <translation>nicht gelaufen</translation>
  </message>
  <message>
   <source>waiting</source>
   <translation>wartet</translation>
  </message>
  <message>
   <source>{n:token|tokens}</source>
   <translation>{n:Token|Token}</translation>
  </message>
  <message>
   <source>{n} · {rate} tok/s</source>
   <translation>{n} · {rate} Tok/s</translation>
  </message>
 </context>
 <context>
  <name>ArmRow</name>
  <message>
   <source>Decoding of {arm}</source>
   <translation>Dekodierung von {arm}</translation>
  </message>
  <message>
   <source>Draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>Draft of {arm}</source>
   <translation>Entwurf von {arm}</translation>
  </message>
  <message>
   <source>Format</source>
   <translation>Format</translation>
  </message>
  <message>
   <source>Model</source>
   <translation>Modell</translation>
  </message>
  <message>
   <source>Model of {arm}</source>
   <translation>Modell von {arm}</translation>
  </message>
  <message>
   <source>Number format of {arm}</source>
   <translation>Zahlenformat von {arm}</translation>
  </message>
  <message>
   <source>Tokens drafted a round by {arm}</source>
   <translation>Entworfene Token je Runde von {arm}</translation>
  </message>
  <message>
   <source>Verification of {arm}</source>
   <translation>Prüfung von {arm}</translation>
  </message>
 </context>
 <context>
  <name>Attaching</name>
  <message>
   <source>All files (*)</source>
   <translation>Alle Dateien (*)</translation>
  </message>
  <message>
   <source>Attach a file</source>
   <translation>Datei anhängen</translation>
  </message>
 </context>
 <context>
  <name>BenchmarkPage</name>
  <message>
   <source>Delete</source>
   <translation>Löschen</translation>
  </message>
  <message>
   <source>Delete a benchmark</source>
   <translation>Benchmark löschen</translation>
  </message>
  <message>
   <source>Delete the benchmark of {model} from {when}?</source>
   <translation>Den Benchmark von {model} vom {when} löschen?</translation>
  </message>
  <message>
   <source>It cannot be brought back. Export it first if you want to keep its figures.</source>
   <translation>Er lässt sich nicht zurückholen. Vorher exportieren, um die Zahlen zu behalten.</translation>
  </message>
  <message>
   <source>Keep</source>
   <translation>Behalten</translation>
  </message>
 </context>
 <context>
  <name>BlockGrid</name>
  <message>
   <source>Also read by {n:layer that keeps nothing itself|layers that keep nothing themselves}</source>
   <translation>Auch gelesen von {n:Schicht, die selbst nichts aufbewahrt|Schichten, die selbst nichts aufbewahren}</translation>
  </message>
  <message>
   <source>Block {n}: {state}</source>
   <translation>Block {n}: {state}</translation>
  </message>
  <message>
   <source>Of layers that see all tokens</source>
   <translation>Von Schichten, die alle Token sehen</translation>
  </message>
  <message>
   <source>Of layers that see {n:token|tokens}</source>
   <translation>Von Schichten, die {n:Token|Token} sehen</translation>
  </message>
  <message>
   <source>Sequence {n}</source>
   <translation>Sequenz {n}</translation>
  </message>
  <message>
   <source>Used by {n:sequence|sequences}</source>
   <translation>Von {n:Sequenz|Sequenzen} benutzt</translation>
  </message>
  <message>
   <source>cached, free to reuse</source>
   <translation>zwischengespeichert, wiederverwendbar</translation>
  </message>
  <message>
   <source>fell out of the window, free to reuse</source>
   <translation>aus dem Fenster gefallen, wieder verwendbar</translation>
  </message>
  <message>
   <source>free</source>
   <translation>frei</translation>
  </message>
  <message>
   <source>shared</source>
   <translation>geteilt</translation>
  </message>
  <message>
   <source>used</source>
   <translation>benutzt</translation>
  </message>
  <message>
   <source>{fill} of {size:slot|slots} filled</source>
   <translation>{fill} von {size:Platz|Plätzen} gefüllt</translation>
  </message>
  <message>
   <source>{n:slot holds an unverified draft token|slots hold unverified draft tokens}</source>
   <translation>{n:Platz enthält ein ungeprüftes Entwurfstoken|Plätze enthalten ungeprüfte Entwurfstoken}</translation>
  </message>
 </context>
 <context>
  <name>BlockMaps</name>
  <message>
   <source>Draft cache blocks</source>
   <translation>Blöcke des Entwurfs</translation>
  </message>
  <message>
   <source>KV cache blocks</source>
   <translation>KV-Cache</translation>
  </message>
  <message>
   <source>The block map appears when a model is loaded</source>
   <translation>Die Blockkarte erscheint, sobald ein Modell geladen ist</translation>
  </message>
 </context>
 <context>
  <name>Catalogue</name>
  <message>
   <source>Download</source>
   <translation>Herunterladen</translation>
  </message>
  <message>
   <source>Download its draft</source>
   <translation>Den Entwurf dazu herunterladen</translation>
  </message>
  <message>
   <source>Download {model}</source>
   <translation>{model} herunterladen</translation>
  </message>
  <message>
   <source>Download {model}, the draft of {target}</source>
   <translation>{model} herunterladen, das Entwurfsmodell von {target}</translation>
  </message>
  <message>
   <source>Downloading…</source>
   <translation>Wird geladen…</translation>
  </message>
  <message>
   <source>Each class is the memory of a computer, or of its graphics card, that holds the weights, a conversation of 8,192 tokens and the draft.</source>
   <translation>Jede Klasse nennt den Speicher eines Computers oder seiner Grafikkarte, in den Gewichte, eine Unterhaltung von 8.192 Token und der Entwurf passen.</translation>
  </message>
  <message>
   <source>Its draft is coming…</source>
   <translation>Der Entwurf kommt…</translation>
  </message>
  <message>
   <source>Load</source>
   <translation>Laden</translation>
  </message>
  <message>
   <source>Load {model}</source>
   <translation>{model} laden</translation>
  </message>
  <message>
   <source>Loaded</source>
   <translation>Geladen</translation>
  </message>
  <message>
   <source>Models that Helix suggests</source>
   <translation>Modelle, die Helix vorschlägt</translation>
  </message>
 </context>
 <context>
  <name>ChangeSheet</name>
  <message>
   <source>On the prompts that both have. Intervals are widened for the number of kinds, and a verdict needs more than what plain decoding itself moved between the two.</source>
   <translation>Über die Prompts, die beide haben. Die Intervalle sind nach der Anzahl der Arten erweitert, und ein Urteil braucht mehr, als sich die einfache Dekodierung selbst zwischen beiden bewegt hat.</translation>
  </message>
  <message>
   <source>Speedup of B over that of A</source>
   <translation>Beschleunigung von B gegenüber der von A</translation>
  </message>
  <message>
   <source>Speedup of B over that of A, by kind of prompt</source>
   <translation>Beschleunigung von B gegenüber der von A, nach Art des Prompts</translation>
  </message>
  <message>
   <source>Speedups of both by kind of prompt</source>
   <translation>Beschleunigung beider nach Art des Prompts</translation>
  </message>
  <message>
   <source>The runs differ in these points too, so a verdict may come from them.</source>
   <translation>Die Läufe unterscheiden sich auch hierin, ein Urteil kann also daher kommen.</translation>
  </message>
  <message>
   <source>Two benchmarks side by side</source>
   <translation>Zwei Benchmarks nebeneinander</translation>
  </message>
  <message>
   <source>What else differs</source>
   <translation>Was sich sonst unterscheidet</translation>
  </message>
 </context>
 <context>
  <name>ChatBook</name>
  <message>
   <source>a conversation</source>
   <translation>einer Unterhaltung</translation>
  </message>
 </context>
 <context>
  <name>ChatDesk</name>
  <message>
   <source>Conversations (*.json *.jsonl);;All files (*)</source>
   <translation>Unterhaltungen (*.json *.jsonl);;Alle Dateien (*)</translation>
  </message>
  <message>
   <source>Export</source>
   <translation>Exportieren</translation>
  </message>
  <message>
   <source>Helix conversations (*.json)</source>
   <translation>Helix-Unterhaltungen (*.json)</translation>
  </message>
  <message>
   <source>Import conversations</source>
   <translation>Unterhaltungen importieren</translation>
  </message>
  <message>
   <source>Markdown (*.md)</source>
   <translation>Markdown (*.md)</translation>
  </message>
  <message>
   <source>OpenAI-style messages (*.json)</source>
   <translation>Nachrichten nach Art von OpenAI (*.json)</translation>
  </message>
  <message>
   <source>Plain text (*.txt)</source>
   <translation>Reiner Text (*.txt)</translation>
  </message>
  <message>
   <source>Web page (*.html)</source>
   <translation>Webseite (*.html)</translation>
  </message>
  <message>
   <source>conversation</source>
   <translation>Unterhaltung</translation>
  </message>
  <message>
   <source>conversations</source>
   <translation>Unterhaltungen</translation>
  </message>
  <message>
   <source>{n:conversation was|conversations were} exported to {file}</source>
   <translation>{n:Unterhaltung wurde|Unterhaltungen wurden} nach {file} exportiert</translation>
  </message>
  <message>
   <source>{n:conversation was|conversations were} imported</source>
   <translation>{n:Unterhaltung wurde|Unterhaltungen wurden} importiert</translation>
  </message>
 </context>
 <context>
  <name>ChatPage</name>
  <message>
   <source>This is sent as soon as the reply is complete. Type to change it.</source>
   <translation>Wird gesendet, sobald die Antwort fertig ist. Zum Ändern weiterschreiben.</translation>
  </message>
 </context>
 <context>
  <name>CodeBlock</name>
  <message>
   <source>Copied</source>
   <translation>Kopiert</translation>
  </message>
  <message>
   <source>Copy</source>
   <translation>Kopieren</translation>
  </message>
  <message>
   <source>Copy code</source>
   <translation>Code kopieren</translation>
  </message>
  <message>
   <source>text</source>
   <translation>Text</translation>
  </message>
 </context>
 <context>
  <name>ComparePage</name>
  <message>
   <source>Formatted</source>
   <translation>Formatiert</translation>
  </message>
  <message>
   <source>How the replies are shown</source>
   <translation>Wie die Antworten gezeigt werden</translation>
  </message>
  <message>
   <source>One prompt for both configurations</source>
   <translation>Ein Prompt für beide Konfigurationen</translation>
  </message>
  <message>
   <source>Plain text</source>
   <translation>Reiner Text</translation>
  </message>
  <message>
   <source>Show</source>
   <translation>Zeigen</translation>
  </message>
  <message>
   <source>as in the chat</source>
   <translation>wie im Chat</translation>
  </message>
  <message>
   <source>formatted</source>
   <translation>formatiert</translation>
  </message>
  <message>
   <source>plain text</source>
   <translation>reiner Text</translation>
  </message>
  <message>
   <source>with the first difference</source>
   <translation>mit dem ersten Unterschied</translation>
  </message>
 </context>
 <context>
  <name>ComparePlots</name>
  <message>
   <source>Known once both have written</source>
   <translation>Bekannt, sobald beide geschrieben haben</translation>
  </message>
  <message>
   <source>No tokens yet</source>
   <translation>Noch keine Token</translation>
  </message>
  <message>
   <source>Speedup</source>
   <translation>Beschleunigung</translation>
  </message>
  <message>
   <source>Tokens</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>by tokens</source>
   <translation>nach Token</translation>
  </message>
  <message>
   <source>equally fast</source>
   <translation>gleich schnell</translation>
  </message>
 </context>
 <context>
  <name>Composer</name>
  <message>
   <source>As in the settings.</source>
   <translation>Wie in den Einstellungen.</translation>
  </message>
  <message>
   <source>Attach a file</source>
   <translation>Datei anhängen</translation>
  </message>
  <message>
   <source>Attach a file: text, code, Markdown or PDF; or drop it here</source>
   <translation>Datei anhängen: Text, Code, Markdown oder PDF; oder hier ablegen</translation>
  </message>
  <message>
   <source>Continue</source>
   <translation>Fortsetzen</translation>
  </message>
  <message>
   <source>Have the text continued ({keys}), also without more of your own; {line}: new line</source>
   <translation>Den Text fortsetzen lassen ({keys}), auch ohne Weiteres von Ihnen; {line}: neue Zeile</translation>
  </message>
  <message>
   <source>It has its own.</source>
   <translation>Sie hat eigene.</translation>
  </message>
  <message>
   <source>Let the model think before it answers in this conversation</source>
   <translation>Das Modell in dieser Unterhaltung nachdenken lassen, bevor es antwortet</translation>
  </message>
  <message>
   <source>Message</source>
   <translation>Nachricht</translation>
  </message>
  <message>
   <source>Prompt and sampling of this conversation</source>
   <translation>Prompt und Sampling dieser Unterhaltung</translation>
  </message>
  <message>
   <source>Send</source>
   <translation>Senden</translation>
  </message>
  <message>
   <source>Send ({keys}); {line}: new line</source>
   <translation>Senden ({keys}); {line}: neue Zeile</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>Stoppen</translation>
  </message>
  <message>
   <source>Text to continue</source>
   <translation>Text zum Fortsetzen</translation>
  </message>
  <message>
   <source>Think</source>
   <translation>Denken</translation>
  </message>
  <message>
   <source>{name}: its own</source>
   <translation>{name}: eigene Werte</translation>
  </message>
 </context>
 <context>
  <name>ComposerText</name>
  <message>
   <source>Message</source>
   <translation>Nachricht</translation>
  </message>
 </context>
 <context>
  <name>Content</name>
  <message>
   <source>Copy</source>
   <translation>Kopieren</translation>
  </message>
  <message>
   <source>Select all</source>
   <translation>Alles auswählen</translation>
  </message>
 </context>
 <context>
  <name>Continuing</name>
  <message>
   <source>Message {model}</source>
   <translation>Nachricht an {model}</translation>
  </message>
  <message>
   <source>Part of this conversation was continued as text. {model} reads it as messages: yours, and what was continued as its own.</source>
   <translation>Ein Teil dieser Unterhaltung wurde als Text fortgesetzt. {model} liest ihn als Nachrichten: Ihre, und was fortgesetzt wurde, als seine eigenen.</translation>
  </message>
  <message>
   <source>Text to continue</source>
   <translation>Text zum Fortsetzen</translation>
  </message>
  <message>
   <source>The system prompt is not sent.</source>
   <translation>Der Systemprompt wird nicht gesendet.</translation>
  </message>
  <message>
   <source>This conversation continues the text that stands here, exactly as it is, without a chat template.</source>
   <translation>Diese Unterhaltung setzt den Text fort, der hier steht, genau so, wie er ist, ohne Chat-Vorlage.</translation>
  </message>
  <message>
   <source>What was a chat before becomes text, too, with an empty line between its messages.</source>
   <translation>Was vorher eine Unterhaltung war, wird auch Text, mit einer Leerzeile zwischen den Nachrichten.</translation>
  </message>
  <message>
   <source>{model} has no chat template: it continues the text that stands here, exactly as it is.</source>
   <translation>{model} hat keine Chat-Vorlage: Es setzt den Text fort, der hier steht, genau so, wie er ist.</translation>
  </message>
 </context>
 <context>
  <name>ConversationView</name>
  <message>
   <source>Conversation</source>
   <translation>Unterhaltung</translation>
  </message>
  <message>
   <source>Jump to latest</source>
   <translation>Zum Neuesten springen</translation>
  </message>
 </context>
 <context>
  <name>CountLine</name>
  <message>
   <source>Counting the tokens…</source>
   <translation>Die Token werden gezählt…</translation>
  </message>
  <message>
   <source>Tokens of the message: {text}</source>
   <translation>Token der Nachricht: {text}</translation>
  </message>
 </context>
 <context>
  <name>CutLine</name>
  <message>
   <source>Not sent from here up: {n:message|messages}</source>
   <translation>Ab hier aufwärts nicht gesendet: {n:Nachricht|Nachrichten}</translation>
  </message>
 </context>
 <context>
  <name>DiagnosticsDialog</name>
  <message>
   <source>Check this computer</source>
   <translation>Diesen Computer prüfen</translation>
  </message>
  <message>
   <source>Close</source>
   <translation>Schließen</translation>
  </message>
  <message>
   <source>Copied</source>
   <translation>Kopiert</translation>
  </message>
  <message>
   <source>Copy for a bug report</source>
   <translation>Bericht kopieren</translation>
  </message>
  <message>
   <source>Diagnostics</source>
   <translation>Diagnose</translation>
  </message>
  <message>
   <source>Frame time</source>
   <translation>Bildzeit</translation>
  </message>
  <message>
   <source>Frames are timed while a reply is written</source>
   <translation>Bilder werden gemessen, während eine Antwort geschrieben wird</translation>
  </message>
  <message>
   <source>Helix {version}, Python {python}, Qt {qt} ({platform}), {system}</source>
   <translation>Helix {version}, Python {python}, Qt {qt} ({platform}), {system}</translation>
  </message>
  <message>
   <source>Log files</source>
   <translation>Protokolle</translation>
  </message>
  <message>
   <source>Look at drivers, devices, memory and folders, and try each device</source>
   <translation>Treiber, Geräte, Speicher und Ordner ansehen und jedes Gerät ausprobieren</translation>
  </message>
  <message>
   <source>Looking at this computer…</source>
   <translation>Dieser Computer wird geprüft…</translation>
  </message>
  <message>
   <source>Nothing is wrong.</source>
   <translation>Alles ist in Ordnung.</translation>
  </message>
  <message>
   <source>One thing to look at, at the end of the report.</source>
   <translation>Am Ende des Berichts steht ein Punkt zum Nachsehen.</translation>
  </message>
  <message>
   <source>Open the folder of log files</source>
   <translation>Protokolle öffnen</translation>
  </message>
  <message>
   <source>Program</source>
   <translation>Programm</translation>
  </message>
  <message>
   <source>Smoothness</source>
   <translation>Flüssigkeit</translation>
  </message>
  <message>
   <source>The window runs smoothly: 95 of 100 frames took {t} or less.</source>
   <translation>Das Fenster läuft flüssig: 95 von 100 Bildern brauchten höchstens {t}.</translation>
  </message>
  <message>
   <source>The window stutters: one frame in twenty took longer than {t}. Close the live panel or other programs.</source>
   <translation>Das Fenster ruckelt: Eines von zwanzig Bildern brauchte länger als {t}. Das Live-Feld oder andere Programme schließen.</translation>
  </message>
  <message>
   <source>This computer</source>
   <translation>Dieser Computer</translation>
  </message>
  <message>
   <source>This window</source>
   <translation>Dieses Fenster</translation>
  </message>
  <message>
   <source>Tries each device with a tiny model. Takes up to a minute.</source>
   <translation>Probiert jedes Gerät mit einem winzigen Modell aus. Dauert bis zu einer Minute.</translation>
  </message>
  <message>
   <source>What is here, what is wrong and what to do</source>
   <translation>Was hier ist, was nicht stimmt und was zu tun ist</translation>
  </message>
  <message>
   <source>Write a reply, and this page tells how smoothly the window ran meanwhile.</source>
   <translation>Eine Antwort schreiben lassen: Diese Seite sagt dann, wie flüssig das Fenster dabei lief.</translation>
  </message>
  <message>
   <source>measured</source>
   <translation>gemessen</translation>
  </message>
  <message>
   <source>{n} ms</source>
   <translation>{n} ms</translation>
  </message>
  <message>
   <source>{n} things to look at, at the end of the report.</source>
   <translation>Am Ende des Berichts stehen {n} Punkte zum Nachsehen.</translation>
  </message>
 </context>
 <context>
  <name>DownloadList</name>
  <message>
   <source>Downloads</source>
   <translation>Downloads</translation>
  </message>
 </context>
 <context>
  <name>DownloadRow</name>
  <message>
   <source>Delete what has arrived of {model}</source>
   <translation>Löschen, was von {model} angekommen ist</translation>
  </message>
  <message>
   <source>Not complete</source>
   <translation>Nicht vollständig</translation>
  </message>
  <message>
   <source>Pause</source>
   <translation>Anhalten</translation>
  </message>
  <message>
   <source>Pause {model}</source>
   <translation>{model} anhalten</translation>
  </message>
  <message>
   <source>Paused</source>
   <translation>Angehalten</translation>
  </message>
  <message>
   <source>Paused · {arrived}</source>
   <translation>Angehalten · {arrived}</translation>
  </message>
  <message>
   <source>Progress of {model}</source>
   <translation>Fortschritt von {model}</translation>
  </message>
  <message>
   <source>Resume</source>
   <translation>Fortsetzen</translation>
  </message>
  <message>
   <source>Resume {model}</source>
   <translation>{model} fortsetzen</translation>
  </message>
 </context>
 <context>
  <name>EditBox</name>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Edit the message</source>
   <translation>Nachricht bearbeiten</translation>
  </message>
  <message>
   <source>Edit the reply</source>
   <translation>Antwort bearbeiten</translation>
  </message>
  <message>
   <source>Leave it as it was (Esc)</source>
   <translation>Lassen, wie sie war (Esc)</translation>
  </message>
  <message>
   <source>Save</source>
   <translation>Speichern</translation>
  </message>
  <message>
   <source>Save as another version ({keys})</source>
   <translation>Als weitere Fassung speichern ({keys})</translation>
  </message>
  <message>
   <source>Send</source>
   <translation>Senden</translation>
  </message>
  <message>
   <source>Send as another version ({keys})</source>
   <translation>Als weitere Fassung senden ({keys})</translation>
  </message>
 </context>
 <context>
  <name>EmptyChat</name>
  <message>
   <source>Dear Sir or Madam,</source>
   <translation>Sehr geehrte Damen und Herren,</translation>
  </message>
  <message>
   <source>Explain in three sentences how a KV cache works.</source>
   <translation>Erkläre in drei Sätzen, wie ein KV-Cache funktioniert.</translation>
  </message>
  <message>
   <source>List five uses for an old laptop.</source>
   <translation>Nenne fünf Verwendungen für einen alten Laptop.</translation>
  </message>
  <message>
   <source>Once upon a time, in a village by the sea,</source>
   <translation>Es war einmal in einem Dorf am Meer</translation>
  </message>
  <message>
   <source>The three most important inventions of the twentieth century are</source>
   <translation>Die drei wichtigsten Erfindungen des zwanzigsten Jahrhunderts sind</translation>
  </message>
  <message>
   <source>What would you like to ask?</source>
   <translation>Was soll es sein?</translation>
  </message>
  <message>
   <source>Which text shall go on?</source>
   <translation>Welcher Text soll weitergehen?</translation>
  </message>
  <message>
   <source>Write a Python function that merges two sorted lists.</source>
   <translation>Führe in Python zwei sortierte Listen zusammen.</translation>
  </message>
 </context>
 <context>
  <name>EmptyComparison</name>
  <message>
   <source>One prompt, two ways to decode it</source>
   <translation>Ein Prompt, zwei Arten der Dekodierung</translation>
  </message>
  <message>
   <source>Repeat the word apple twenty times, then the word pear.</source>
   <translation>Wiederhole das Wort Apfel zwanzigmal, dann das Wort Birne.</translation>
  </message>
  <message>
   <source>Tell a short story about a fox and a bear.</source>
   <translation>Erzähle eine kurze Geschichte von einem Fuchs und einem Bären.</translation>
  </message>
  <message>
   <source>The two run one after the other, so that neither slows the other down, from the same prompt, seed and sampling settings. Then you can replay them side by side on one clock.</source>
   <translation>Beide laufen nacheinander, damit keine die andere bremst, mit demselben Prompt, Seed und Sampling. Danach lassen sie sich nebeneinander nach einer gemeinsamen Uhr abspielen.</translation>
  </message>
  <message>
   <source>Write a Python function that merges two sorted lists.</source>
   <translation>Führe in Python zwei sortierte Listen zusammen.</translation>
  </message>
 </context>
 <context>
  <name>FaultDialog</name>
  <message>
   <source>Continue</source>
   <translation>Fortsetzen</translation>
  </message>
  <message>
   <source>Copied</source>
   <translation>Kopiert</translation>
  </message>
  <message>
   <source>Copy report</source>
   <translation>Bericht kopieren</translation>
  </message>
  <message>
   <source>Helix crashed the last time ({cause}).</source>
   <translation>Helix ist beim letzten Mal abgestürzt ({cause}).</translation>
  </message>
  <message>
   <source>Looking at this computer…</source>
   <translation>Dieser Computer wird geprüft…</translation>
  </message>
  <message>
   <source>No reply was written since Helix was started</source>
   <translation>Seit dem Start von Helix wurde keine Antwort geschrieben</translation>
  </message>
  <message>
   <source>Open log folder</source>
   <translation>Protokollordner öffnen</translation>
  </message>
  <message>
   <source>Quit</source>
   <translation>Beenden</translation>
  </message>
  <message>
   <source>Report</source>
   <translation>Bericht</translation>
  </message>
  <message>
   <source>Save run file…</source>
   <translation>Lauf speichern…</translation>
  </message>
  <message>
   <source>Something failed in the engine, and what it was just doing is not done.</source>
   <translation>In der Engine ist etwas fehlgeschlagen, und was sie gerade tat, ist nicht erledigt.</translation>
  </message>
  <message>
   <source>Something failed in the window, and what it was just doing is not done.</source>
   <translation>Im Fenster ist etwas fehlgeschlagen, und was es gerade tat, ist nicht erledigt.</translation>
  </message>
  <message>
   <source>Something went wrong</source>
   <translation>Etwas ist schiefgegangen</translation>
  </message>
  <message>
   <source>The report below has versions, facts of this computer and the last lines of the log, and nothing that was written in conversations. A run file holds the last reply with its prompt.</source>
   <translation>Der Bericht unten enthält Versionen, Angaben zu diesem Computer und die letzten Zeilen des Protokolls, und nichts, was in Unterhaltungen geschrieben wurde. Eine Laufdatei enthält die letzte Antwort mit ihrem Prompt.</translation>
  </message>
  <message>
   <source>Your conversations are kept, and so is what was written of a reply. You can go on.</source>
   <translation>Ihre Unterhaltungen sind gespeichert, ebenso was von einer Antwort geschrieben war. Sie können weitermachen.</translation>
  </message>
  <message>
   <source>Your conversations are kept; a reply that was being written is kept as far as it was written.</source>
   <translation>Ihre Unterhaltungen sind gespeichert; eine Antwort, die gerade entstand, ist so weit gespeichert, wie sie geschrieben war.</translation>
  </message>
  <message>
   <source>{n:other fault|other faults} came after it; the report has them, too.</source>
   <translation>Danach: {n:weiterer Fehler|weitere Fehler}; auch das steht im Bericht.</translation>
  </message>
 </context>
 <context>
  <name>FigureTable</name>
  <message>
   <source>Figures of both configurations</source>
   <translation>Zahlen beider Konfigurationen</translation>
  </message>
  <message>
   <source>From the request to the end</source>
   <translation>Von der Anfrage bis zum Ende</translation>
  </message>
  <message>
   <source>Time in all</source>
   <translation>Gesamtzeit</translation>
  </message>
  <message>
   <source>Time to first token</source>
   <translation>Zeit bis zum ersten Token</translation>
  </message>
  <message>
   <source>Tokens</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>k, fewest to most</source>
   <translation>k, wenigste bis meiste</translation>
  </message>
 </context>
 <context>
  <name>FindBar</name>
  <message>
   <source>Close the search</source>
   <translation>Suche schließen</translation>
  </message>
  <message>
   <source>Find in this conversation</source>
   <translation>In dieser Unterhaltung suchen</translation>
  </message>
  <message>
   <source>Nothing found</source>
   <translation>Nichts gefunden</translation>
  </message>
  <message>
   <source>Place after</source>
   <translation>Nächste Stelle</translation>
  </message>
  <message>
   <source>Place after ({keys})</source>
   <translation>Nächste Stelle ({keys})</translation>
  </message>
  <message>
   <source>Place before</source>
   <translation>Vorige Stelle</translation>
  </message>
  <message>
   <source>Place before ({keys})</source>
   <translation>Vorige Stelle ({keys})</translation>
  </message>
  <message>
   <source>{n} of {all}</source>
   <translation>{n} von {all}</translation>
  </message>
 </context>
 <context>
  <name>FirstNote</name>
  <message>
   <source>Show the models</source>
   <translation>Modelle zeigen</translation>
  </message>
  <message>
   <source>{better} ({size}) answers much better than {small}, and fits this computer.</source>
   <translation>{better} ({size}) antwortet viel besser als {small} und passt auf diesen Computer.</translation>
  </message>
 </context>
 <context>
  <name>FitDialog</name>
  <message>
   <source>Do not load</source>
   <translation>Nicht laden</translation>
  </message>
  <message>
   <source>Load anyway</source>
   <translation>Trotzdem laden</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>Speicher</translation>
  </message>
  <message>
   <source>Memory that the load takes, of what is free</source>
   <translation>Speicher, den das Laden braucht, vom freien</translation>
  </message>
  <message>
   <source>The computer may become slow, or the load may fail for want of memory</source>
   <translation>Der Computer kann langsam werden, oder das Laden scheitert aus Mangel an Speicher</translation>
  </message>
  <message>
   <source>This would fit:</source>
   <translation>So würde es passen:</translation>
  </message>
  <message>
   <source>{model} does not fit into memory</source>
   <translation>{model} passt nicht in den Speicher</translation>
  </message>
  <message>
   <source>{model} leaves little memory</source>
   <translation>{model} lässt wenig Speicher frei</translation>
  </message>
 </context>
 <context>
  <name>Footer</name>
  <message>
   <source>Branch from here</source>
   <translation>Hier abzweigen</translation>
  </message>
  <message>
   <source>Continue</source>
   <translation>Fortsetzen</translation>
  </message>
  <message>
   <source>Copy reply</source>
   <translation>Antwort kopieren</translation>
  </message>
  <message>
   <source>Delete this reply</source>
   <translation>Diese Antwort löschen</translation>
  </message>
  <message>
   <source>Details</source>
   <translation>Details</translation>
  </message>
  <message>
   <source>Edit this reply</source>
   <translation>Diese Antwort bearbeiten</translation>
  </message>
  <message>
   <source>Edit this reply; this version stays</source>
   <translation>Diese Antwort bearbeiten; diese Fassung bleibt</translation>
  </message>
  <message>
   <source>Figures of this reply</source>
   <translation>Zahlen dieser Antwort</translation>
  </message>
  <message>
   <source>Go on writing where this reply ended</source>
   <translation>Dort weiterschreiben, wo diese Antwort endete</translation>
  </message>
  <message>
   <source>Inspect this reply</source>
   <translation>Diese Antwort untersuchen</translation>
  </message>
  <message>
   <source>More</source>
   <translation>Mehr</translation>
  </message>
  <message>
   <source>More about this reply</source>
   <translation>Mehr zu dieser Antwort</translation>
  </message>
  <message>
   <source>Open a copy of the conversation that ends with this reply</source>
   <translation>Eine Kopie der Unterhaltung öffnen, die mit dieser Antwort endet</translation>
  </message>
  <message>
   <source>Race it against plain</source>
   <translation>Gegen einfach antreten</translation>
  </message>
  <message>
   <source>Save run…</source>
   <translation>Lauf speichern…</translation>
  </message>
  <message>
   <source>Show where its tokens came from</source>
   <translation>Zeigen, woher die Token kamen</translation>
  </message>
  <message>
   <source>Write it again with and without drafts, then replay both side by side</source>
   <translation>Mit und ohne Entwürfe noch einmal schreiben lassen und beides nebeneinander abspielen</translation>
  </message>
  <message>
   <source>Write this reply again</source>
   <translation>Diese Antwort neu schreiben</translation>
  </message>
  <message>
   <source>Write this reply again; this version stays</source>
   <translation>Diese Antwort neu schreiben; diese Fassung bleibt</translation>
  </message>
 </context>
 <context>
  <name>FormPicker</name>
  <message>
   <source>Free</source>
   <translation>Frei</translation>
  </message>
  <message>
   <source>JSON</source>
   <translation>JSON</translation>
  </message>
  <message>
   <source>JSON by a schema…</source>
   <translation>JSON nach Schema…</translation>
  </message>
  <message>
   <source>JSON schema</source>
   <translation>JSON-Schema</translation>
  </message>
  <message>
   <source>any object</source>
   <translation>ein beliebiges Objekt</translation>
  </message>
  <message>
   <source>as the model writes</source>
   <translation>wie das Modell schreibt</translation>
  </message>
  <message>
   <source>fields of your choice</source>
   <translation>Felder Ihrer Wahl</translation>
  </message>
 </context>
 <context>
  <name>Found</name>
  <message>
   <source>Download</source>
   <translation>Herunterladen</translation>
  </message>
  <message>
   <source>Download {model}</source>
   <translation>{model} herunterladen</translation>
  </message>
  <message>
   <source>Downloading…</source>
   <translation>Wird geladen…</translation>
  </message>
  <message>
   <source>Files of {model}</source>
   <translation>Dateien von {model}</translation>
  </message>
  <message>
   <source>Hide files</source>
   <translation>Dateien ausblenden</translation>
  </message>
  <message>
   <source>Looking into it…</source>
   <translation>Wird angesehen…</translation>
  </message>
  <message>
   <source>Models of the hub</source>
   <translation>Modelle des Hubs</translation>
  </message>
  <message>
   <source>Nothing was found. Try fewer or other words.</source>
   <translation>Nichts gefunden. Versuchen Sie weniger oder andere Wörter.</translation>
  </message>
  <message>
   <source>On this computer</source>
   <translation>Auf diesem Computer</translation>
  </message>
  <message>
   <source>Search for a name such as Qwen3 8B. Only models with GGUF files are listed, those that most people load first.</source>
   <translation>Suchen Sie nach einem Namen wie Qwen3 8B. Aufgeführt werden nur Modelle mit GGUF-Dateien, die am meisten geladenen zuerst.</translation>
  </message>
  <message>
   <source>Searching…</source>
   <translation>Wird gesucht…</translation>
  </message>
  <message>
   <source>Show files</source>
   <translation>Dateien zeigen</translation>
  </message>
 </context>
 <context>
  <name>FrameTable</name>
  <message>
   <source>95 of 100 frames within</source>
   <translation>95 von 100 Bildern in</translation>
  </message>
  <message>
   <source>99 of 100 frames within</source>
   <translation>99 von 100 Bildern in</translation>
  </message>
  <message>
   <source>Frame time, median</source>
   <translation>Bildzeit, Median</translation>
  </message>
  <message>
   <source>Frames</source>
   <translation>Bilder</translation>
  </message>
  <message>
   <source>Frames over {n} ms</source>
   <translation>Bilder über {n} ms</translation>
  </message>
  <message>
   <source>Last reply</source>
   <translation>Letzte Antwort</translation>
  </message>
  <message>
   <source>Longest frame</source>
   <translation>Längstes Bild</translation>
  </message>
  <message>
   <source>Painting the window, median</source>
   <translation>Zeichnen des Fensters, Median</translation>
  </message>
  <message>
   <source>Painting, 95 of 100 within</source>
   <translation>Zeichnen, 95 von 100 in</translation>
  </message>
  <message>
   <source>Since Helix was started</source>
   <translation>Seit dem Start von Helix</translation>
  </message>
 </context>
 <context>
  <name>Gauge</name>
  <message>
   <source>One reply each; the benchmark repeats them and tells how sure that is.</source>
   <translation>Je eine Antwort; der Benchmark wiederholt sie und sagt, wie sicher das ist.</translation>
  </message>
 </context>
 <context>
  <name>GaugeBar</name>
  <message>
   <source>acceptance rate {p}</source>
   <translation>Annahmerate {p}</translation>
  </message>
  <message>
   <source>break-even {p}</source>
   <translation>Break-even {p}</translation>
  </message>
  <message>
   <source>no acceptance</source>
   <translation>keine Annahme</translation>
  </message>
  <message>
   <source>{measured} accepted; drafting pays from {needed} on</source>
   <translation>{measured} angenommen; Entwürfe lohnen sich ab {needed}</translation>
  </message>
 </context>
 <context>
  <name>Headline</name>
  <message>
   <source>Headline</source>
   <translation>Ergebnis</translation>
  </message>
 </context>
 <context>
  <name>Help</name>
  <message>
   <source>Engine</source>
   <translation>Engine</translation>
  </message>
  <message>
   <source>Model</source>
   <translation>Modell</translation>
  </message>
  <message>
   <source>Window</source>
   <translation>Fenster</translation>
  </message>
  <message>
   <source>in a process of its own</source>
   <translation>in einem eigenen Prozess</translation>
  </message>
  <message>
   <source>live panel closed</source>
   <translation>Live-Feld geschlossen</translation>
  </message>
  <message>
   <source>live panel with {n} of {all:plot|plots} and a map of {blocks:block|blocks}</source>
   <translation>Live-Feld mit {n} von {all:Diagramm|Diagrammen} und einer Karte von {blocks:Block|Blöcken}</translation>
  </message>
  <message>
   <source>none is loaded</source>
   <translation>keines ist geladen</translation>
  </message>
  <message>
   <source>on a thread of the window</source>
   <translation>in einem Thread des Fensters</translation>
  </message>
  <message>
   <source>{w} x {h} at {scale}</source>
   <translation>{w} x {h} bei {scale}</translation>
  </message>
 </context>
 <context>
  <name>HelpPage</name>
  <message>
   <source>Close</source>
   <translation>Schließen</translation>
  </message>
  <message>
   <source>Help</source>
   <translation>Hilfe</translation>
  </message>
  <message>
   <source>Nothing is called so. Search for another word.</source>
   <translation>Nichts heißt so. Nach einem anderen Wort suchen.</translation>
  </message>
  <message>
   <source>Search</source>
   <translation>Suchen</translation>
  </message>
  <message>
   <source>Search the help</source>
   <translation>Hilfe durchsuchen</translation>
  </message>
  <message>
   <source>Terms</source>
   <translation>Begriffe</translation>
  </message>
  <message>
   <source>What it means</source>
   <translation>Was das bedeutet</translation>
  </message>
 </context>
 <context>
  <name>History</name>
  <message>
   <source>Benchmarks of this computer</source>
   <translation>Benchmarks dieses Computers</translation>
  </message>
  <message>
   <source>Compare</source>
   <translation>Vergleichen</translation>
  </message>
  <message>
   <source>Compare two benchmarks</source>
   <translation>Zwei Benchmarks vergleichen</translation>
  </message>
  <message>
   <source>Delete this benchmark</source>
   <translation>Diesen Benchmark löschen</translation>
  </message>
  <message>
   <source>Delete this benchmark (Del)</source>
   <translation>Diesen Benchmark löschen (Entf)</translation>
  </message>
  <message>
   <source>Hold Ctrl and click a second run to compare two.</source>
   <translation>Zum Vergleichen mit gedrückter Strg-Taste einen zweiten Lauf anklicken.</translation>
  </message>
  <message>
   <source>Model and day</source>
   <translation>Modell und Tag</translation>
  </message>
  <message>
   <source>New benchmark</source>
   <translation>Neuer Benchmark</translation>
  </message>
  <message>
   <source>No benchmark yet. Those you run are kept here.</source>
   <translation>Noch kein Benchmark. Hier stehen später alle Läufe.</translation>
  </message>
  <message>
   <source>Speedup [95 %]</source>
   <translation>Faktor [95 %]</translation>
  </message>
 </context>
 <context>
  <name>HubView</name>
  <message>
   <source>Access token</source>
   <translation>Zugangstoken</translation>
  </message>
  <message>
   <source>Access token of the hub</source>
   <translation>Zugangstoken des Hubs</translation>
  </message>
  <message>
   <source>Delete</source>
   <translation>Löschen</translation>
  </message>
  <message>
   <source>Delete the access token</source>
   <translation>Das Zugangstoken löschen</translation>
  </message>
  <message>
   <source>For models whose owner has to be asked; kept in the system's keyring</source>
   <translation>Für Modelle, deren Besitzer gefragt werden muss; liegt im Schlüsselbund des Systems</translation>
  </message>
  <message>
   <source>Keep</source>
   <translation>Behalten</translation>
  </message>
  <message>
   <source>Keep the access token</source>
   <translation>Das Zugangstoken behalten</translation>
  </message>
  <message>
   <source>Name of a model</source>
   <translation>Name eines Modells</translation>
  </message>
  <message>
   <source>Nothing is searched for and nothing is downloaded</source>
   <translation>Nichts wird gesucht und nichts heruntergeladen</translation>
  </message>
  <message>
   <source>Offline</source>
   <translation>Offline</translation>
  </message>
  <message>
   <source>Search</source>
   <translation>Suchen</translation>
  </message>
  <message>
   <source>Search the hub</source>
   <translation>Im Hub suchen</translation>
  </message>
  <message>
   <source>no access token</source>
   <translation>kein Zugangstoken</translation>
  </message>
  <message>
   <source>offline by {origin}</source>
   <translation>offline durch {origin}</translation>
  </message>
  <message>
   <source>token from HF_TOKEN</source>
   <translation>Token aus HF_TOKEN</translation>
  </message>
  <message>
   <source>token in the keyring</source>
   <translation>Token im Schlüsselbund</translation>
  </message>
  <message>
   <source>token of the hub's own login</source>
   <translation>Token der eigenen Anmeldung des Hubs</translation>
  </message>
 </context>
 <context>
  <name>InspectPage</name>
  <message>
   <source>A run</source>
   <translation>Ein Lauf</translation>
  </message>
  <message>
   <source>Next round</source>
   <translation>Nächste Runde</translation>
  </message>
  <message>
   <source>Nothing to look into yet. Ask something in the chat, or open a run that was saved.</source>
   <translation>Noch nichts zu untersuchen. Im Chat etwas fragen oder einen gespeicherten Lauf öffnen.</translation>
  </message>
  <message>
   <source>Open run…</source>
   <translation>Lauf öffnen…</translation>
  </message>
  <message>
   <source>Previous round</source>
   <translation>Vorige Runde</translation>
  </message>
  <message>
   <source>Save run…</source>
   <translation>Lauf speichern…</translation>
  </message>
  <message>
   <source>Tokens</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>its end is missing</source>
   <translation>sein Ende fehlt</translation>
  </message>
  <message>
   <source>no round yet</source>
   <translation>noch keine Runde</translation>
  </message>
  <message>
   <source>prompt</source>
   <translation>Prompt</translation>
  </message>
  <message>
   <source>rejected drafts</source>
   <translation>verworfene Entwürfe</translation>
  </message>
  <message>
   <source>round {n} of {all}</source>
   <translation>Runde {n} von {all}</translation>
  </message>
  <message>
   <source>still growing</source>
   <translation>wächst noch</translation>
  </message>
  <message>
   <source>{n:token|tokens} in {r:round|rounds}</source>
   <translation>{n:Token|Token} in {r:Runde|Runden}</translation>
  </message>
 </context>
 <context>
  <name>InstallationDialog</name>
  <message>
   <source>Accelerator</source>
   <translation>Beschleuniger</translation>
  </message>
  <message>
   <source>Automatic: the best for this computer</source>
   <translation>Automatisch: der beste für diesen Computer</translation>
  </message>
  <message>
   <source>CUDA: NVIDIA cards</source>
   <translation>CUDA: Karten von NVIDIA</translation>
  </message>
  <message>
   <source>Change</source>
   <translation>Wechseln</translation>
  </message>
  <message>
   <source>Close</source>
   <translation>Schließen</translation>
  </message>
  <message>
   <source>Compares every file with its checksum, fetches what is damaged and tests everything.</source>
   <translation>Vergleicht jede Datei mit ihrer Prüfsumme, lädt Beschädigtes neu und prüft alles.</translation>
  </message>
  <message>
   <source>DirectML: any card on Windows</source>
   <translation>DirectML: jede Karte unter Windows</translation>
  </message>
  <message>
   <source>Each accelerator has a PyTorch of its own, up to some gigabytes. Another one is fetched and tried; the present one stays until it has passed. Helix closes and opens again.</source>
   <translation>Jeder Beschleuniger hat sein eigenes PyTorch von bis zu einigen Gigabyte. Ein anderes wird geladen und erprobt; das bisherige bleibt, bis es bestanden hat. Helix schließt sich und öffnet sich wieder.</translation>
  </message>
  <message>
   <source>Installation</source>
   <translation>Installation</translation>
  </message>
  <message>
   <source>Processor</source>
   <translation>Prozessor</translation>
  </message>
  <message>
   <source>ROCm: AMD cards</source>
   <translation>ROCm: Karten von AMD</translation>
  </message>
  <message>
   <source>Repair</source>
   <translation>Reparieren</translation>
  </message>
  <message>
   <source>The launcher could not be started. Start Helix as at the first time, with --repair.</source>
   <translation>Der Starter ließ sich nicht öffnen. Starten Sie Helix wie beim ersten Mal, mit --repair.</translation>
  </message>
 </context>
 <context>
  <name>Learning</name>
  <message>
   <source>Forget what was learnt</source>
   <translation>Gelerntes vergessen</translation>
  </message>
  <message>
   <source>Forgotten.</source>
   <translation>Vergessen.</translation>
  </message>
 </context>
 <context>
  <name>Legend</name>
  <message>
   <source>Legend: {words}</source>
   <translation>Legende: {words}</translation>
  </message>
  <message>
   <source>cached</source>
   <translation>zwischengespeichert</translation>
  </message>
  <message>
   <source>draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>free</source>
   <translation>frei</translation>
  </message>
  <message>
   <source>out of the window</source>
   <translation>aus dem Fenster</translation>
  </message>
  <message>
   <source>part-filled</source>
   <translation>teilweise gefüllt</translation>
  </message>
  <message>
   <source>shared</source>
   <translation>geteilt</translation>
  </message>
  <message>
   <source>used, hue by sequence</source>
   <translation>benutzt, Farbe je Sequenz</translation>
  </message>
 </context>
 <context>
  <name>LiveDock</name>
  <message>
   <source>Close (bring it back from View)</source>
   <translation>Schließen (kommt über Ansicht zurück)</translation>
  </message>
  <message>
   <source>Close the live panel</source>
   <translation>Das Live-Feld schließen</translation>
  </message>
  <message>
   <source>Live</source>
   <translation>Live</translation>
  </message>
  <message>
   <source>Live panel</source>
   <translation>Live-Feld</translation>
  </message>
  <message>
   <source>No draft is chosen, so nothing is drafted</source>
   <translation>Kein Entwurf ist gewählt, also wird nichts entworfen</translation>
  </message>
  <message>
   <source>Plain decoding drafts nothing</source>
   <translation>Einfache Dekodierung entwirft nichts</translation>
  </message>
  <message>
   <source>The server does not tell its rounds</source>
   <translation>Der Server teilt seine Runden nicht mit</translation>
  </message>
 </context>
 <context>
  <name>LivePlots</name>
  <message>
   <source>No reply yet</source>
   <translation>Noch keine Antwort</translation>
  </message>
  <message>
   <source>No speculative round yet</source>
   <translation>Noch keine spekulative Runde</translation>
  </message>
  <message>
   <source>measured</source>
   <translation>gemessen</translation>
  </message>
  <message>
   <source>plain decoding</source>
   <translation>einfache Dekodierung</translation>
  </message>
  <message>
   <source>plain {n}</source>
   <translation>einfach {n}</translation>
  </message>
  <message>
   <source>rolling</source>
   <translation>gleitend</translation>
  </message>
  <message>
   <source>tok/s</source>
   <translation>Tok/s</translation>
  </message>
  <message>
   <source>token</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>tokens</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>whole reply</source>
   <translation>ganze Antwort</translation>
  </message>
 </context>
 <context>
  <name>LoadStrip</name>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Cancel loading or downloading</source>
   <translation>Laden oder Herunterladen abbrechen</translation>
  </message>
  <message>
   <source>Progress</source>
   <translation>Fortschritt</translation>
  </message>
  <message>
   <source>{stage} {name}</source>
   <translation>{stage} {name}</translation>
  </message>
 </context>
 <context>
  <name>MachineOffer</name>
  <message>
   <source>About {low} to {high} tokens per second without a draft. This is an estimate: what was measured of the memory, and a third of it, divided by the {size} that each token reads.</source>
   <translation>Etwa {low} bis {high} Token je Sekunde ohne Entwurf. Das ist eine Schätzung: was am Speicher gemessen wurde, und ein Drittel davon, geteilt durch die {size}, die jedes Token liest.</translation>
  </message>
  <message>
   <source>Download and start</source>
   <translation>Herunterladen und starten</translation>
  </message>
  <message>
   <source>Download and start {model}</source>
   <translation>{model} herunterladen und starten</translation>
  </message>
  <message>
   <source>For this computer: {model}</source>
   <translation>Für diesen Computer: {model}</translation>
  </message>
  <message>
   <source>Looking at this computer…</source>
   <translation>Dieser Computer wird geprüft…</translation>
  </message>
  <message>
   <source>Start</source>
   <translation>Starten</translation>
  </message>
  <message>
   <source>with {draft} as its draft, {size}</source>
   <translation>mit {draft} als Entwurf, {size}</translation>
  </message>
  <message>
   <source>{size} · {licence} licence</source>
   <translation>{size} · Lizenz {licence}</translation>
  </message>
 </context>
 <context>
  <name>MainWindow</name>
  <message>
   <source>Benchmark</source>
   <translation>Benchmark</translation>
  </message>
  <message>
   <source>Chat</source>
   <translation>Chat</translation>
  </message>
  <message>
   <source>Compare</source>
   <translation>Vergleichen</translation>
  </message>
  <message>
   <source>Helix</source>
   <translation>Helix</translation>
  </message>
  <message>
   <source>Inspect</source>
   <translation>Untersuchen</translation>
  </message>
  <message>
   <source>Models</source>
   <translation>Modelle</translation>
  </message>
  <message>
   <source>Server</source>
   <translation>Server</translation>
  </message>
  <message>
   <source>{model} – Helix</source>
   <translation>{model} – Helix</translation>
  </message>
 </context>
 <context>
  <name>MessageList</name>
  <message>
   <source>Branch from here</source>
   <translation>Hier abzweigen</translation>
  </message>
  <message>
   <source>Continued by {model}</source>
   <translation>Fortgesetzt von {model}</translation>
  </message>
  <message>
   <source>Copy</source>
   <translation>Kopieren</translation>
  </message>
  <message>
   <source>Delete this and its answers</source>
   <translation>Dies und die Antworten darauf löschen</translation>
  </message>
  <message>
   <source>Edit</source>
   <translation>Bearbeiten</translation>
  </message>
  <message>
   <source>Helix ended while this was being written. What had come by then was kept.</source>
   <translation>Helix endete, während dies geschrieben wurde. Was bis dahin da war, ist erhalten.</translation>
  </message>
  <message>
   <source>edited</source>
   <translation>bearbeitet</translation>
  </message>
 </context>
 <context>
  <name>MetricPlot</name>
  <message>
   <source>{title}, current value</source>
   <translation>{title}, aktueller Wert</translation>
  </message>
 </context>
 <context>
  <name>ModelsPage</name>
  <message>
   <source>Delete</source>
   <translation>Löschen</translation>
  </message>
  <message>
   <source>Delete a model</source>
   <translation>Ein Modell löschen</translation>
  </message>
  <message>
   <source>Delete {model} from this computer?</source>
   <translation>{model} von diesem Computer löschen?</translation>
  </message>
  <message>
   <source>Keep</source>
   <translation>Behalten</translation>
  </message>
  <message>
   <source>Models</source>
   <translation>Modelle</translation>
  </message>
  <message>
   <source>On this computer</source>
   <translation>Auf diesem Computer</translation>
  </message>
  <message>
   <source>Search the hub</source>
   <translation>Im Hub suchen</translation>
  </message>
  <message>
   <source>Suggested</source>
   <translation>Vorgeschlagen</translation>
  </message>
  <message>
   <source>{model} is on this computer</source>
   <translation>{model} ist auf diesem Computer</translation>
  </message>
  <message>
   <source>{model} was not downloaded: see Models</source>
   <translation>{model} wurde nicht heruntergeladen: siehe Modelle</translation>
  </message>
 </context>
 <context>
  <name>Navigation</name>
  <message>
   <source>Pages</source>
   <translation>Seiten</translation>
  </message>
 </context>
 <context>
  <name>Note</name>
  <message>
   <source>Dismiss</source>
   <translation>Ausblenden</translation>
  </message>
 </context>
 <context>
  <name>PairDialog</name>
  <message>
   <source>A draft for {target}</source>
   <translation>Ein Entwurf für {target}</translation>
  </message>
  <message>
   <source>Close</source>
   <translation>Schließen</translation>
  </message>
  <message>
   <source>Draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>Draft model</source>
   <translation>Entwurfsmodell</translation>
  </message>
  <message>
   <source>Loads both models beside this window and writes with them for half a minute</source>
   <translation>Lädt beide Modelle neben diesem Fenster und schreibt eine halbe Minute mit ihnen</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>Speicher</translation>
  </message>
  <message>
   <source>Reading the vocabularies…</source>
   <translation>Die Vokabulare werden gelesen…</translation>
  </message>
  <message>
   <source>Smaller models that fit, too: {names}</source>
   <translation>Kleinere Modelle, die auch passen: {names}</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>Stoppen</translation>
  </message>
  <message>
   <source>Target and draft</source>
   <translation>Ziel und Entwurf</translation>
  </message>
  <message>
   <source>Trial</source>
   <translation>Probe</translation>
  </message>
  <message>
   <source>Try this pair</source>
   <translation>Paar ausprobieren</translation>
  </message>
  <message>
   <source>Use this draft</source>
   <translation>Entwurf verwenden</translation>
  </message>
 </context>
 <context>
  <name>Pairs</name>
  <message>
   <source>It is as large as the target: drafting costs as much as writing.</source>
   <translation>Es ist so groß wie das Ziel: Entwerfen kostet so viel wie Schreiben.</translation>
  </message>
  <message>
   <source>as large as the target</source>
   <translation>so groß wie das Ziel</translation>
  </message>
  <message>
   <source>cannot be used</source>
   <translation>nicht verwendbar</translation>
  </message>
  <message>
   <source>head for this model</source>
   <translation>Kopf für dieses Modell</translation>
  </message>
  <message>
   <source>re-encoded</source>
   <translation>umkodiert</translation>
  </message>
 </context>
 <context>
  <name>Picker</name>
  <message>
   <source>{name}: {value}</source>
   <translation>{name}: {value}</translation>
  </message>
 </context>
 <context>
  <name>PoolMap</name>
  <message>
   <source>+ {n} free</source>
   <translation>+ {n} frei</translation>
  </message>
  <message>
   <source>In use only</source>
   <translation>Nur benutzte</translation>
  </message>
  <message>
   <source>Show all blocks</source>
   <translation>Alle Blöcke zeigen</translation>
  </message>
  <message>
   <source>The prompt was read as a whole: {all:token|tokens}</source>
   <translation>Der Prompt wurde ganz gelesen: {all:Token|Token}</translation>
  </message>
  <message>
   <source>out of the window: {n:block|blocks}</source>
   <translation>aus dem Fenster: {n:Block|Blöcke}</translation>
  </message>
  <message>
   <source>this chat: {n:block|blocks}</source>
   <translation>diese Unterhaltung: {n:Block|Blöcke}</translation>
  </message>
  <message>
   <source>{cached} / {all:block|blocks} cached</source>
   <translation>{cached} / {all:Block|Blöcke} im Cache</translation>
  </message>
  <message>
   <source>{n:state|states} in use, {m} kept</source>
   <translation>{n:Zustand|Zustände} in Gebrauch, {m} aufgehoben</translation>
  </message>
  <message>
   <source>{n:token|tokens} each</source>
   <translation>je {n:Token|Token}</translation>
  </message>
  <message>
   <source>{n} of {all:token|tokens} did not have to be read again</source>
   <translation>{n} von {all:Token|Token} mussten nicht noch einmal gelesen werden</translation>
  </message>
  <message>
   <source>{size}; {chat}</source>
   <translation>{size}; {chat}</translation>
  </message>
  <message>
   <source>{used} / {all:block|blocks}, {cached} cached</source>
   <translation>{used} / {all:Block|Blöcke}, {cached} im Cache</translation>
  </message>
 </context>
 <context>
  <name>PoolPanel</name>
  <message>
   <source>Bytes: unknown, this run does not tell the size of a block</source>
   <translation>Bytes: unbekannt, dieser Lauf sagt nicht, wie groß ein Block ist</translation>
  </message>
  <message>
   <source>Draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>Empty: {n:slot|slots} in {b:part-filled block|part-filled blocks} · unverified: {s:slot|slots}</source>
   <translation>Leer: {n:Platz|Plätze} in {b:teilweise gefüllten Block|teilweise gefüllten Blöcken} · ungeprüft: {s:Platz|Plätze}</translation>
  </message>
  <message>
   <source>Fallen out of windows: {n:block that is not held|blocks that are not held}</source>
   <translation>Aus Fenstern gefallen: {n:Block, der nicht belegt ist|Blöcke, die nicht belegt sind}</translation>
  </message>
  <message>
   <source>KV cache blocks</source>
   <translation>Blöcke des KV-Caches</translation>
  </message>
  <message>
   <source>Larger blocks</source>
   <translation>Größere Blöcke</translation>
  </message>
  <message>
   <source>Pool</source>
   <translation>Pool</translation>
  </message>
  <message>
   <source>Recurrent layers: {n:state|states} in use, {m} kept for prompts to come</source>
   <translation>Rekurrente Schichten: {n:Zustand|Zustände} in Gebrauch, {m} für kommende Prompts aufgehoben</translation>
  </message>
  <message>
   <source>Rolled back so far: {n:slot of a rejected draft token|slots of rejected draft tokens}</source>
   <translation>Bisher zurückgenommen: {n:Platz eines verworfenen Entwurfstokens|Plätze verworfener Entwurfstoken}</translation>
  </message>
  <message>
   <source>Shared: {n:block|blocks}, which spares {m} more</source>
   <translation>Geteilt: {n:Block|Blöcke}, das spart {m} weitere</translation>
  </message>
  <message>
   <source>Smaller blocks</source>
   <translation>Kleinere Blöcke</translation>
  </message>
  <message>
   <source>Target</source>
   <translation>Zielmodell</translation>
  </message>
  <message>
   <source>This run has no snapshot of the cache</source>
   <translation>Dieser Lauf enthält kein Abbild des Caches</translation>
  </message>
  <message>
   <source>{paged} in use; {saved} less than {n:whole context|whole contexts} reserved at the start</source>
   <translation>{paged} benutzt; {saved} weniger als {n:ganzer Kontext|ganze Kontexte}, am Anfang reserviert</translation>
  </message>
  <message>
   <source>{text} ({size})</source>
   <translation>{text} ({size})</translation>
  </message>
  <message>
   <source>{used} / {all} used, {cached} cached</source>
   <translation>{used} / {all} benutzt, {cached} im Cache</translation>
  </message>
 </context>
 <context>
  <name>Presets</name>
  <message>
   <source>Delete</source>
   <translation>Löschen</translation>
  </message>
  <message>
   <source>Export all…</source>
   <translation>Alle exportieren…</translation>
  </message>
  <message>
   <source>Export presets</source>
   <translation>Vorlagen exportieren</translation>
  </message>
  <message>
   <source>Import presets</source>
   <translation>Vorlagen importieren</translation>
  </message>
  <message>
   <source>Imported: {n}</source>
   <translation>Importiert: {n}</translation>
  </message>
  <message>
   <source>Import…</source>
   <translation>Importieren…</translation>
  </message>
  <message>
   <source>More about presets</source>
   <translation>Mehr zu Vorlagen</translation>
  </message>
  <message>
   <source>Name of the preset</source>
   <translation>Name der Vorlage</translation>
  </message>
  <message>
   <source>Not written: {why}.</source>
   <translation>Nicht geschrieben: {why}.</translation>
  </message>
  <message>
   <source>Preset</source>
   <translation>Vorlage</translation>
  </message>
  <message>
   <source>Presets (*.json)</source>
   <translation>Vorlagen (*.json)</translation>
  </message>
  <message>
   <source>Presets (*.json);;All files (*)</source>
   <translation>Vorlagen (*.json);;Alle Dateien (*)</translation>
  </message>
  <message>
   <source>Rename…</source>
   <translation>Umbenennen…</translation>
  </message>
  <message>
   <source>Save as…</source>
   <translation>Speichern unter…</translation>
  </message>
  <message>
   <source>Written to {file}</source>
   <translation>Geschrieben nach {file}</translation>
  </message>
  <message>
   <source>none</source>
   <translation>keine</translation>
  </message>
  <message>
   <source>{file} cannot be read: {why}.</source>
   <translation>{file} ist nicht lesbar: {why}.</translation>
  </message>
 </context>
 <context>
  <name>ProgressStrip</name>
  <message>
   <source>Measuring: {kind}, {arm}</source>
   <translation>Messung: {kind}, {arm}</translation>
  </message>
  <message>
   <source>Progress</source>
   <translation>Fortschritt</translation>
  </message>
  <message>
   <source>Progress of the benchmark</source>
   <translation>Fortschritt des Benchmarks</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>Stoppen</translation>
  </message>
  <message>
   <source>Stop; what was measured is kept</source>
   <translation>Stoppen; was gemessen ist, bleibt erhalten</translation>
  </message>
  <message>
   <source>Stopping…</source>
   <translation>Wird gestoppt…</translation>
  </message>
  <message>
   <source>what was measured is kept</source>
   <translation>was gemessen ist, bleibt erhalten</translation>
  </message>
  <message>
   <source>{done} of {total:reply|replies}</source>
   <translation>{done} von {total:Antwort|Antworten}</translation>
  </message>
 </context>
 <context>
  <name>PromptBox</name>
  <message>
   <source>Run</source>
   <translation>Starten</translation>
  </message>
  <message>
   <source>Run both ({keys})</source>
   <translation>Beide starten ({keys})</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>Stoppen</translation>
  </message>
  <message>
   <source>Stop (Esc)</source>
   <translation>Stoppen (Esc)</translation>
  </message>
 </context>
 <context>
  <name>PromptPreview</name>
  <message>
   <source>Close</source>
   <translation>Schließen</translation>
  </message>
  <message>
   <source>Counting the tokens…</source>
   <translation>Die Token werden gezählt…</translation>
  </message>
  <message>
   <source>Load a model first: its tokenizer makes the tokens.</source>
   <translation>Zuerst ein Modell laden: Sein Tokenizer macht die Token.</translation>
  </message>
  <message>
   <source>Nothing is typed: your message will stand before the end.</source>
   <translation>Noch nichts eingegeben: Die Nachricht wird vor dem Ende stehen.</translation>
  </message>
  <message>
   <source>Shown are its first and last {half:token|tokens}.</source>
   <translation>Gezeigt werden die ersten und letzten {half:Token|Token}.</translation>
  </message>
  <message>
   <source>The beginning of the text is not in it: the context is full.</source>
   <translation>Der Anfang des Textes fehlt darin: Der Kontext ist voll.</translation>
  </message>
  <message>
   <source>The prompt as tokens</source>
   <translation>Der Prompt als Token</translation>
  </message>
  <message>
   <source>The {out:oldest message is|oldest messages are} not in it: the context is full.</source>
   <translation>Ohne {out:älteste Nachricht|älteste Nachrichten}: Der Kontext ist voll.</translation>
  </message>
  <message>
   <source>They are the text as it stands: no chat template, no system prompt.</source>
   <translation>Sie sind der Text, wie er dasteht: keine Chat-Vorlage, kein Systemprompt.</translation>
  </message>
  <message>
   <source>{n:token|tokens} of prompt; {room:token is|tokens are} left of the context.</source>
   <translation>{n:Token|Token} Prompt; {room:Token bleibt|Token bleiben} vom Kontext.</translation>
  </message>
 </context>
 <context>
  <name>PromptSheet</name>
  <message>
   <source>A special token: no text, but a sign for the model</source>
   <translation>Ein besonderes Token: kein Text, sondern ein Zeichen für das Modell</translation>
  </message>
  <message>
   <source>Token id {id}</source>
   <translation>Token-Nummer {id}</translation>
  </message>
  <message>
   <source>Tokens of the prompt</source>
   <translation>Token des Prompts</translation>
  </message>
 </context>
 <context>
  <name>PromptingDialog</name>
  <message>
   <source>As in the settings</source>
   <translation>Wie in den Einstellungen</translation>
  </message>
  <message>
   <source>Begin new conversations with {model} so</source>
   <translation>Neue Unterhaltungen mit {model} so beginnen</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Continue the text as it stands, without the chat template</source>
   <translation>Den Text fortsetzen, wie er dasteht, ohne die Chat-Vorlage</translation>
  </message>
  <message>
   <source>Edit…</source>
   <translation>Bearbeiten…</translation>
  </message>
  <message>
   <source>Prompt and sampling of this conversation</source>
   <translation>Prompt und Sampling dieser Unterhaltung</translation>
  </message>
  <message>
   <source>Save</source>
   <translation>Speichern</translation>
  </message>
  <message>
   <source>Show the prompt as tokens…</source>
   <translation>Prompt als Token zeigen…</translation>
  </message>
  <message>
   <source>Stop texts</source>
   <translation>Stopptexte</translation>
  </message>
  <message>
   <source>The system prompt is not sent: the text is continued as it stands.</source>
   <translation>Der Systemprompt wird nicht gesendet: Der Text wird fortgesetzt, wie er dasteht.</translation>
  </message>
  <message>
   <source>What is as in the settings follows them.</source>
   <translation>Was wie in den Einstellungen ist, folgt ihnen.</translation>
  </message>
  <message>
   <source>another one, for this conversation</source>
   <translation>eine andere, für diese Unterhaltung</translation>
  </message>
  <message>
   <source>none: the text is continued</source>
   <translation>keine: der Text wird fortgesetzt</translation>
  </message>
  <message>
   <source>not sent</source>
   <translation>wird nicht gesendet</translation>
  </message>
  <message>
   <source>not used</source>
   <translation>nicht verwendet</translation>
  </message>
  <message>
   <source>one a line; a reply ends where one of them would begin</source>
   <translation>je Zeile einer; eine Antwort endet, wo einer davon beginnen würde</translation>
  </message>
  <message>
   <source>random</source>
   <translation>zufällig</translation>
  </message>
  <message>
   <source>the model's own</source>
   <translation>die des Modells</translation>
  </message>
 </context>
 <context>
  <name>RemoteDialog</name>
  <message>
   <source>A key is kept in the system's keyring, or else in a file that only you can read.</source>
   <translation>Ein Schlüssel wird im Schlüsselbund des Systems aufbewahrt, sonst in einer Datei, die nur Sie lesen können.</translation>
  </message>
  <message>
   <source>Address</source>
   <translation>Adresse</translation>
  </message>
  <message>
   <source>Another Helix, or any server with OpenAI's API, writes the replies. What such a server does not tell, its rounds and its cache, is shown as unknown.</source>
   <translation>Ein anderes Helix oder ein beliebiger Server mit OpenAIs API schreibt die Antworten. Was so ein Server nicht mitteilt, seine Runden und seinen Cache, wird als unbekannt angezeigt.</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Key</source>
   <translation>Schlüssel</translation>
  </message>
  <message>
   <source>Model</source>
   <translation>Modell</translation>
  </message>
  <message>
   <source>Model of the server</source>
   <translation>Modell des Servers</translation>
  </message>
  <message>
   <source>Show its models</source>
   <translation>Modelle zeigen</translation>
  </message>
  <message>
   <source>The server offers no model just now. Load one there, then look again.</source>
   <translation>Der Server bietet gerade kein Modell an. Laden Sie dort eines und sehen Sie noch einmal nach.</translation>
  </message>
  <message>
   <source>Use the model of a server</source>
   <translation>Modell eines Servers verwenden</translation>
  </message>
  <message>
   <source>Use this model</source>
   <translation>Dieses Modell verwenden</translation>
  </message>
  <message>
   <source>asking…</source>
   <translation>wird gefragt…</translation>
  </message>
  <message>
   <source>kept</source>
   <translation>aufbewahrt</translation>
  </message>
  <message>
   <source>none needed</source>
   <translation>keiner nötig</translation>
  </message>
  <message>
   <source>show its models first</source>
   <translation>erst die Modelle zeigen</translation>
  </message>
 </context>
 <context>
  <name>Reply</name>
  <message>
   <source>Continue</source>
   <translation>Fortsetzen</translation>
  </message>
  <message>
   <source>New conversation</source>
   <translation>Neue Unterhaltung</translation>
  </message>
  <message>
   <source>Reading the prompt: {done} of {all:token|tokens}</source>
   <translation>Der Prompt wird gelesen: {done} von {all:Token|Token}</translation>
  </message>
  <message>
   <source>Reading the prompt…</source>
   <translation>Der Prompt wird gelesen…</translation>
  </message>
  <message>
   <source>Try again</source>
   <translation>Noch einmal versuchen</translation>
  </message>
  <message>
   <source>{who}: {text}</source>
   <translation>{who}: {text}</translation>
  </message>
 </context>
 <context>
  <name>RestartButton</name>
  <message>
   <source>Restart now</source>
   <translation>Jetzt neu starten</translation>
  </message>
  <message>
   <source>Saves the settings and opens Helix again, with the same conversation</source>
   <translation>Speichert die Einstellungen und öffnet Helix neu, mit derselben Unterhaltung</translation>
  </message>
 </context>
 <context>
  <name>ResultSheet</name>
  <message>
   <source>Acceptance rate by position</source>
   <translation>Annahmerate nach Stelle</translation>
  </message>
  <message>
   <source>CSV, a row a reply…</source>
   <translation>CSV, je Antwort eine Zeile…</translation>
  </message>
  <message>
   <source>Copy the command</source>
   <translation>Befehl kopieren</translation>
  </message>
  <message>
   <source>Decode speed by kind of prompt</source>
   <translation>Dekodiertempo nach Art des Prompts</translation>
  </message>
  <message>
   <source>Decode speed in tok/s</source>
   <translation>Dekodiertempo in Tok/s</translation>
  </message>
  <message>
   <source>Export</source>
   <translation>Exportieren</translation>
  </message>
  <message>
   <source>Greedy replies, token by token</source>
   <translation>Antworten ohne Zufall, Token für Token</translation>
  </message>
  <message>
   <source>HTML report, with plots…</source>
   <translation>HTML-Bericht mit Diagrammen…</translation>
  </message>
  <message>
   <source>Helix in detail</source>
   <translation>Helix im Einzelnen</translation>
  </message>
  <message>
   <source>Helix over plain decoding on the same weights, with 95 % intervals. Hollow circles: no significant difference; crosses: too few replies for a verdict.</source>
   <translation>Helix gegenüber einfacher Dekodierung auf denselben Gewichten, mit 95-%-Intervallen. Leere Kreise: kein signifikanter Unterschied; Kreuze: zu wenige Antworten für ein Urteil.</translation>
  </message>
  <message>
   <source>JSON, every figure…</source>
   <translation>JSON, alle Zahlen…</translation>
  </message>
  <message>
   <source>Markdown…</source>
   <translation>Markdown…</translation>
  </message>
  <message>
   <source>Notes</source>
   <translation>Hinweise</translation>
  </message>
  <message>
   <source>Other programs</source>
   <translation>Andere Programme</translation>
  </message>
  <message>
   <source>Other programs on the same weights</source>
   <translation>Andere Programme auf denselben Gewichten</translation>
  </message>
  <message>
   <source>Run it again in a terminal</source>
   <translation>In einem Terminal wiederholen</translation>
  </message>
  <message>
   <source>Same tokens</source>
   <translation>Gleiche Token</translation>
  </message>
  <message>
   <source>Settings and machine</source>
   <translation>Einstellungen und Rechner</translation>
  </message>
  <message>
   <source>Share of rounds by k</source>
   <translation>Anteil der Runden nach k</translation>
  </message>
  <message>
   <source>Speedup by kind of prompt</source>
   <translation>Beschleunigung nach Art des Prompts</translation>
  </message>
  <message>
   <source>Tokens drafted a round</source>
   <translation>Entworfene Token je Runde</translation>
  </message>
  <message>
   <source>Too little was measured to compare Helix with plain decoding. Run it again.</source>
   <translation>Es wurde zu wenig gemessen, um Helix mit einfacher Dekodierung zu vergleichen. Noch einmal starten.</translation>
  </message>
  <message>
   <source>Where all before it were accepted</source>
   <translation>Wo alle davor angenommen wurden</translation>
  </message>
  <message>
   <source>position in the draft</source>
   <translation>Stelle im Entwurf</translation>
  </message>
  <message>
   <source>tokens drafted (k)</source>
   <translation>entworfene Token (k)</translation>
  </message>
 </context>
 <context>
  <name>RoundDetails</name>
  <message>
   <source>A text that was continued as it stood, without a chat template</source>
   <translation>Ein Text, der so, wie er dastand, fortgesetzt wurde, ohne Chat-Vorlage</translation>
  </message>
  <message>
   <source>Chat template: this conversation's own, not the model's</source>
   <translation>Chat-Vorlage: die dieser Unterhaltung, nicht die des Modells</translation>
  </message>
  <message>
   <source>Drafted by: {source}</source>
   <translation>Entworfen von: {source}</translation>
  </message>
  <message>
   <source>Prompt</source>
   <translation>Prompt</translation>
  </message>
  <message>
   <source>Round {n} of {all}</source>
   <translation>Runde {n} von {all}</translation>
  </message>
  <message>
   <source>Why this k: {reason}</source>
   <translation>Warum dieses k: {reason}</translation>
  </message>
  <message>
   <source>and {n} more</source>
   <translation>und {n} weitere</translation>
  </message>
  <message>
   <source>draft token</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>draft {d} · verify {v} · overhead {o}</source>
   <translation>Entwurf {d} · Prüfung {v} · Zusatz {o}</translation>
  </message>
  <message>
   <source>k = {k} proposed, {a} accepted, {n} written</source>
   <translation>k = {k} vorgeschlagen, {a} angenommen, {n} geschrieben</translation>
  </message>
  <message>
   <source>{n:oldest message was|oldest messages were} not sent: the context was full</source>
   <translation>{n:älteste Nachricht wurde|älteste Nachrichten wurden} nicht gesendet: Der Kontext war voll</translation>
  </message>
  <message>
   <source>{n:token|tokens} of prompt, {c} of them from the cache, in {t}</source>
   <translation>{n:Token|Token} Prompt, {c} davon aus dem Cache, in {t}</translation>
  </message>
  <message>
   <source>{t} after the request</source>
   <translation>{t} nach der Anfrage</translation>
  </message>
 </context>
 <context>
  <name>RunDesk</name>
  <message>
   <source>Helix runs (*{suffix})</source>
   <translation>Helix-Läufe (*{suffix})</translation>
  </message>
  <message>
   <source>Helix runs (*{suffix});;All files (*)</source>
   <translation>Helix-Läufe (*{suffix});;Alle Dateien (*)</translation>
  </message>
  <message>
   <source>Nothing to look into yet. Ask something in the chat, or open a run that was saved.</source>
   <translation>Noch nichts zu untersuchen. Im Chat etwas fragen oder einen gespeicherten Lauf öffnen.</translation>
  </message>
  <message>
   <source>Open run</source>
   <translation>Lauf öffnen</translation>
  </message>
  <message>
   <source>Opening {file}…</source>
   <translation>{file} wird geöffnet…</translation>
  </message>
  <message>
   <source>Save run</source>
   <translation>Lauf speichern</translation>
  </message>
  <message>
   <source>The run of this reply is not kept any more</source>
   <translation>Der Lauf dieser Antwort ist nicht mehr da</translation>
  </message>
  <message>
   <source>The run was saved as {file}</source>
   <translation>Der Lauf wurde als {file} gespeichert</translation>
  </message>
 </context>
 <context>
  <name>RunFacts</name>
  <message>
   <source>% of drafts that stand up to token n</source>
   <translation>% der Entwürfe, die bis Token n bestehen</translation>
  </message>
  <message>
   <source>Acceptance rate by position</source>
   <translation>Annahmerate nach Stelle</translation>
  </message>
  <message>
   <source>From this run's own costs and acceptance. It takes drafts to be as good everywhere as where they were made; a controller that drafts only where it pays was choosier.</source>
   <translation>Aus den Kosten und der Annahme dieses Laufs. Nimmt an, dass Entwürfe überall so gut sind wie dort, wo sie gemacht wurden; eine Steuerung, die nur entwirft, wo es sich lohnt, war wählerischer.</translation>
  </message>
  <message>
   <source>Measured {m} tok/s. Best of the others: {what}, about {n} tok/s. Hatched: k never tried.</source>
   <translation>Gemessen: {m} Tok/s. Bestes der anderen: {what}, etwa {n} Tok/s. Schraffiert: k nie probiert.</translation>
  </message>
  <message>
   <source>What if? An estimate</source>
   <translation>Was wäre, wenn? Geschätzt</translation>
  </message>
  <message>
   <source>tok/s at a fixed k, and adding or taking one; line: measured, dashes: a bound</source>
   <translation>Tok/s bei festem k und bei plus/minus eins; Linie: gemessen, Striche: eine Grenze</translation>
  </message>
 </context>
 <context>
  <name>SchemaDialog</name>
  <message>
   <source>Every reply will be one line of JSON that fits this schema.</source>
   <translation>Jede Antwort wird eine Zeile JSON sein, die zu diesem Schema passt.</translation>
  </message>
  <message>
   <source>JSON schema of the replies</source>
   <translation>JSON-Schema der Antworten</translation>
  </message>
  <message>
   <source>Paste a JSON schema, or begin with the example.</source>
   <translation>Fügen Sie ein JSON-Schema ein oder beginnen Sie mit dem Beispiel.</translation>
  </message>
 </context>
 <context>
  <name>SearchField</name>
  <message>
   <source>Clear the search</source>
   <translation>Suche leeren</translation>
  </message>
 </context>
 <context>
  <name>ServerPage</name>
  <message>
   <source>0 takes any port that is free</source>
   <translation>0 nimmt einen beliebigen freien Port</translation>
  </message>
  <message>
   <source>Copy</source>
   <translation>Kopieren</translation>
  </message>
  <message>
   <source>Copy the address</source>
   <translation>Adresse kopieren</translation>
  </message>
  <message>
   <source>Editors, agents and scripts that speak OpenAI's or Anthropic's API get their replies from the model that is loaded here. They are written beside your own, by the same engine and from the same cache.</source>
   <translation>Editoren, Agenten und Skripte, die die API von OpenAI oder Anthropic sprechen, erhalten ihre Antworten von dem hier geladenen Modell. Sie entstehen neben den eigenen, in derselben Engine und mit demselben Cache.</translation>
  </message>
  <message>
   <source>Key</source>
   <translation>Schlüssel</translation>
  </message>
  <message>
   <source>Let other programs use this model</source>
   <translation>Dieses Modell für andere Programme</translation>
  </message>
  <message>
   <source>Make a new key</source>
   <translation>Neuen Schlüssel erzeugen</translation>
  </message>
  <message>
   <source>Needs a key</source>
   <translation>Braucht einen Schlüssel</translation>
  </message>
  <message>
   <source>New key</source>
   <translation>Neuer Schlüssel</translation>
  </message>
  <message>
   <source>Open its documentation</source>
   <translation>Dokumentation öffnen</translation>
  </message>
  <message>
   <source>Port</source>
   <translation>Port</translation>
  </message>
  <message>
   <source>Reachable from</source>
   <translation>Erreichbar für</translation>
  </message>
  <message>
   <source>Replies</source>
   <translation>Antworten</translation>
  </message>
  <message>
   <source>Requests</source>
   <translation>Anfragen</translation>
  </message>
  <message>
   <source>Requests are listed here.</source>
   <translation>Hier stehen die Anfragen.</translation>
  </message>
  <message>
   <source>Start</source>
   <translation>Starten</translation>
  </message>
  <message>
   <source>Start the API</source>
   <translation>API starten</translation>
  </message>
  <message>
   <source>Starting…</source>
   <translation>Wird gestartet…</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>Stoppen</translation>
  </message>
  <message>
   <source>Stop the API</source>
   <translation>API beenden</translation>
  </message>
  <message>
   <source>Stop this reply</source>
   <translation>Diese Antwort anhalten</translation>
  </message>
  <message>
   <source>Use port {port}</source>
   <translation>Port {port} nehmen</translation>
  </message>
  <message>
   <source>What it offers</source>
   <translation>Was sie bietet</translation>
  </message>
  <message>
   <source>Who can reach it</source>
   <translation>Wer sie erreicht</translation>
  </message>
  <message>
   <source>my network</source>
   <translation>mein Netzwerk</translation>
  </message>
  <message>
   <source>none needed</source>
   <translation>keiner nötig</translation>
  </message>
  <message>
   <source>this computer only</source>
   <translation>nur diesen Computer</translation>
  </message>
 </context>
 <context>
  <name>SettingsDialog</name>
  <message>
   <source>Appearance</source>
   <translation>Darstellung</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Conversation</source>
   <translation>Unterhaltung</translation>
  </message>
  <message>
   <source>Engine</source>
   <translation>Engine</translation>
  </message>
  <message>
   <source>Fixed k</source>
   <translation>Festes k</translation>
  </message>
  <message>
   <source>Program</source>
   <translation>Programm</translation>
  </message>
  <message>
   <source>Restore defaults</source>
   <translation>Auf Standard zurücksetzen</translation>
  </message>
  <message>
   <source>Sampling</source>
   <translation>Sampling</translation>
  </message>
  <message>
   <source>Save</source>
   <translation>Speichern</translation>
  </message>
  <message>
   <source>Sections</source>
   <translation>Bereiche</translation>
  </message>
  <message>
   <source>Settings</source>
   <translation>Einstellungen</translation>
  </message>
  <message>
   <source>This Helix knows no releases page, so it cannot look for newer versions.</source>
   <translation>Dieses Helix kennt keine Seite mit Veröffentlichungen und kann daher nicht nach neueren Versionen sehen.</translation>
  </message>
  <message>
   <source>random</source>
   <translation>zufällig</translation>
  </message>
  <message>
   <source>the same seed writes the same reply; empty is random</source>
   <translation>derselbe Seed schreibt dieselbe Antwort; leer ist zufällig</translation>
  </message>
  <message>
   <source>tokens; 0 is plain decoding</source>
   <translation>Token; 0 ist einfache Dekodierung</translation>
  </message>
 </context>
 <context>
  <name>Setup</name>
  <message>
   <source>After {n:message|messages} of the chat</source>
   <translation>Nach {n:Nachricht|Nachrichten} der Unterhaltung</translation>
  </message>
  <message>
   <source>As the chat asked it</source>
   <translation>Wie in der Unterhaltung gefragt</translation>
  </message>
  <message>
   <source>Auto</source>
   <translation>Auto</translation>
  </message>
  <message>
   <source>Begin anew</source>
   <translation>Neu beginnen</translation>
  </message>
  <message>
   <source>Begin without them</source>
   <translation>Ohne sie beginnen</translation>
  </message>
  <message>
   <source>Compare</source>
   <translation>Vergleichen</translation>
  </message>
  <message>
   <source>Custom…</source>
   <translation>Eigene…</translation>
  </message>
  <message>
   <source>Draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>Draft of the benchmark</source>
   <translation>Entwurf des Benchmarks</translation>
  </message>
  <message>
   <source>Every prompt is answered by plain decoding and by Helix, turn about, and again in each repeat; the figures come with 95 % intervals. The chat waits meanwhile. For steady figures, close other programs.</source>
   <translation>Jeder Prompt wird abwechselnd von einfacher Dekodierung und von Helix beantwortet, und in jeder Wiederholung erneut; die Zahlen haben 95-%-Intervalle. Der Chat wartet so lange. Für ruhige Zahlen andere Programme schließen.</translation>
  </message>
  <message>
   <source>Format</source>
   <translation>Format</translation>
  </message>
  <message>
   <source>How many, how long</source>
   <translation>Wie viele, wie lang</translation>
  </message>
  <message>
   <source>How much faster is Helix here?</source>
   <translation>Wie viel schneller ist Helix hier?</translation>
  </message>
  <message>
   <source>Kinds of prompts</source>
   <translation>Arten von Prompts</translation>
  </message>
  <message>
   <source>Longest reply in tokens</source>
   <translation>Längste Antwort in Token</translation>
  </message>
  <message>
   <source>Models</source>
   <translation>Modelle</translation>
  </message>
  <message>
   <source>No model is on this computer yet. Choose one in the toolbar first.</source>
   <translation>Auf diesem Computer ist noch kein Modell. Zuerst oben in der Leiste eines wählen.</translation>
  </message>
  <message>
   <source>Number format of the benchmark</source>
   <translation>Zahlenformat des Benchmarks</translation>
  </message>
  <message>
   <source>Other programs on the same weights (each as long, or longer)</source>
   <translation>Andere Programme auf denselben Gewichten (jedes so lange oder länger)</translation>
  </message>
  <message>
   <source>Prompt for both configurations</source>
   <translation>Prompt für beide Konfigurationen</translation>
  </message>
  <message>
   <source>Prompts a kind</source>
   <translation>Prompts je Art</translation>
  </message>
  <message>
   <source>Prompts of each kind</source>
   <translation>Prompts jeder Art</translation>
  </message>
  <message>
   <source>Repeats</source>
   <translation>Wiederholungen</translation>
  </message>
  <message>
   <source>Repeats of every prompt</source>
   <translation>Wiederholungen jedes Prompts</translation>
  </message>
  <message>
   <source>Run</source>
   <translation>Starten</translation>
  </message>
  <message>
   <source>Run the benchmark</source>
   <translation>Den Benchmark starten</translation>
  </message>
  <message>
   <source>Target</source>
   <translation>Zielmodell</translation>
  </message>
  <message>
   <source>Target model of the benchmark</source>
   <translation>Zielmodell des Benchmarks</translation>
  </message>
  <message>
   <source>The system prompt is not sent to a model without a chat template.</source>
   <translation>Der Systemprompt wird einem Modell ohne Chat-Vorlage nicht gesendet.</translation>
  </message>
  <message>
   <source>Tokens drafted a round in the benchmark</source>
   <translation>Entworfene Token je Runde im Benchmark</translation>
  </message>
  <message>
   <source>What is compared</source>
   <translation>Was verglichen wird</translation>
  </message>
  <message>
   <source>auto</source>
   <translation>auto</translation>
  </message>
  <message>
   <source>none here yet</source>
   <translation>noch keines hier</translation>
  </message>
  <message>
   <source>random</source>
   <translation>zufällig</translation>
  </message>
 </context>
 <context>
  <name>Shelf</name>
  <message>
   <source>Add a file…</source>
   <translation>Datei hinzufügen…</translation>
  </message>
  <message>
   <source>Add a folder…</source>
   <translation>Ordner hinzufügen…</translation>
  </message>
  <message>
   <source>Look again</source>
   <translation>Noch einmal nachsehen</translation>
  </message>
 </context>
 <context>
  <name>ShelfRows</name>
  <message>
   <source>Delete {model}</source>
   <translation>{model} löschen</translation>
  </message>
  <message>
   <source>Drafting</source>
   <translation>Entwirft</translation>
  </message>
  <message>
   <source>Load</source>
   <translation>Laden</translation>
  </message>
  <message>
   <source>Load {model}</source>
   <translation>{model} laden</translation>
  </message>
  <message>
   <source>Loaded</source>
   <translation>Geladen</translation>
  </message>
  <message>
   <source>Looking for models on this computer…</source>
   <translation>Modelle auf diesem Computer werden gesucht…</translation>
  </message>
  <message>
   <source>Models on this computer</source>
   <translation>Modelle auf diesem Computer</translation>
  </message>
  <message>
   <source>Take {model} off the list</source>
   <translation>{model} von der Liste nehmen</translation>
  </message>
  <message>
   <source>There is no model on this computer yet. Take one that Helix suggests, search the hub, or drop a GGUF file here.</source>
   <translation>Auf diesem Computer ist noch kein Modell. Nehmen Sie eines, das Helix vorschlägt, suchen Sie im Hub, oder ziehen Sie eine GGUF-Datei hierher.</translation>
  </message>
  <message>
   <source>Use as draft</source>
   <translation>Als Entwurf</translation>
  </message>
  <message>
   <source>Use {model} as draft</source>
   <translation>{model} als Entwurf verwenden</translation>
  </message>
 </context>
 <context>
  <name>Sidebar</name>
  <message>
   <source>Conversations are kept on this computer alone, and listed here.</source>
   <translation>Unterhaltungen bleiben auf diesem Computer und stehen hier.</translation>
  </message>
  <message>
   <source>Import, export</source>
   <translation>Importieren, exportieren</translation>
  </message>
  <message>
   <source>More about conversations</source>
   <translation>Mehr zu Unterhaltungen</translation>
  </message>
  <message>
   <source>New chat</source>
   <translation>Neue Unterhaltung</translation>
  </message>
  <message>
   <source>Not being kept at the moment.</source>
   <translation>Wird gerade nicht aufbewahrt.</translation>
  </message>
  <message>
   <source>Search conversations</source>
   <translation>Unterhaltungen durchsuchen</translation>
  </message>
 </context>
 <context>
  <name>StatusBar</name>
  <message>
   <source>Context used</source>
   <translation>Benutzter Kontext</translation>
  </message>
  <message>
   <source>Device and number format</source>
   <translation>Gerät und Zahlenformat</translation>
  </message>
  <message>
   <source>Help, About Helix leads to its page</source>
   <translation>Hilfe, Über Helix führt zu ihrer Seite</translation>
  </message>
  <message>
   <source>KV cache blocks used</source>
   <translation>Benutzte Blöcke des KV-Caches</translation>
  </message>
  <message>
   <source>KV cache: {n:block is|blocks are} in use by a reply, {kept:is|are} cached so that what they hold need not be read again.</source>
   <translation>KV-Cache: {n:Block wird|Blöcke werden} von einer Antwort benutzt, {kept:bleibt|bleiben} im Cache, damit ihr Inhalt nicht neu gelesen werden muss.</translation>
  </message>
  <message>
   <source>KV {kept} / {all:block|blocks} cached</source>
   <translation>KV {kept} / {all:Block|Blöcke} im Cache</translation>
  </message>
  <message>
   <source>KV {n} / {all:block|blocks}</source>
   <translation>KV {n} / {all:Block|Blöcke}</translation>
  </message>
  <message>
   <source>KV –</source>
   <translation>KV –</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>Speicher</translation>
  </message>
  <message>
   <source>Newer version</source>
   <translation>Neuere Version</translation>
  </message>
  <message>
   <source>No model loaded</source>
   <translation>Kein Modell geladen</translation>
  </message>
  <message>
   <source>Prompt: {prompt}
Reply: {reply}
Left: {left}</source>
   <translation>Prompt: {prompt}
Antwort: {reply}
Übrig: {left}</translation>
  </message>
  <message>
   <source>Speculative decoding</source>
   <translation>Spekulatives Dekodieren</translation>
  </message>
  <message>
   <source>context {n} / {all}</source>
   <translation>Kontext {n} / {all}</translation>
  </message>
  <message>
   <source>context –</source>
   <translation>Kontext –</translation>
  </message>
  <message>
   <source>remote · {host}</source>
   <translation>entfernt · {host}</translation>
  </message>
  <message>
   <source>speculation off</source>
   <translation>Spekulation aus</translation>
  </message>
  <message>
   <source>speculation off: no draft</source>
   <translation>Spekulation aus: kein Entwurf</translation>
  </message>
  <message>
   <source>speculation on</source>
   <translation>Spekulation an</translation>
  </message>
  <message>
   <source>speculation on, as fast as plain</source>
   <translation>Spekulation an, so schnell wie einfach</translation>
  </message>
  <message>
   <source>speculation on, {x}x faster than plain</source>
   <translation>Spekulation an, {x}x schneller als einfach</translation>
  </message>
  <message>
   <source>speculation on, {x}x of plain speed</source>
   <translation>Spekulation an, {x}x des einfachen Tempos</translation>
  </message>
  <message>
   <source>speculation paused ({reason})</source>
   <translation>Spekulation pausiert ({reason})</translation>
  </message>
  <message>
   <source>speculation –</source>
   <translation>Spekulation –</translation>
  </message>
  <message>
   <source>speculation: the server's</source>
   <translation>Spekulation: Sache des Servers</translation>
  </message>
  <message>
   <source>{device}; {n:parameter|parameters}; loaded in {t}</source>
   <translation>{device}; {n:Parameter|Parameter}; geladen in {t}</translation>
  </message>
 </context>
 <context>
  <name>SurvivalChart</name>
  <message>
   <source>Acceptance rate by position</source>
   <translation>Annahmerate nach Stelle</translation>
  </message>
  <message>
   <source>Draft token {n}</source>
   <translation>Entwurfstoken {n}</translation>
  </message>
  <message>
   <source>No speculative round yet</source>
   <translation>Noch keine spekulative Runde</translation>
  </message>
  <message>
   <source>{a} of {r} accepted when all before it were: {p}</source>
   <translation>{a} von {r} angenommen, wenn alle davor es waren: {p}</translation>
  </message>
  <message>
   <source>{p} of drafts so long stand up to here</source>
   <translation>{p} der so langen Entwürfe bestehen bis hier</translation>
  </message>
 </context>
 <context>
  <name>TemplateDialog</name>
  <message>
   <source>Chat template</source>
   <translation>Chat-Vorlage</translation>
  </message>
  <message>
   <source>Chat template of this conversation</source>
   <translation>Chat-Vorlage dieser Unterhaltung</translation>
  </message>
  <message>
   <source>It works here.</source>
   <translation>Sie geht hier.</translation>
  </message>
  <message>
   <source>Line {line}: {reason}</source>
   <translation>Zeile {line}: {reason}</translation>
  </message>
  <message>
   <source>Load a model first: a template is checked with its tokenizer.</source>
   <translation>Zuerst ein Modell laden: Eine Vorlage wird mit seinem Tokenizer geprüft.</translation>
  </message>
  <message>
   <source>Reading the model's template…</source>
   <translation>Die Vorlage des Modells wird gelesen…</translation>
  </message>
  <message>
   <source>The model's own</source>
   <translation>Die des Modells</translation>
  </message>
  <message>
   <source>This is the model's own.</source>
   <translation>Das ist die des Modells.</translation>
  </message>
  <message>
   <source>This model has none, and continues the text. With one written here it chats.</source>
   <translation>Dieses Modell hat keine und setzt den Text fort. Mit einer, die hier steht, führt es Gespräche.</translation>
  </message>
  <message>
   <source>With it the prompt has {n:token|tokens}.</source>
   <translation>Mit ihr hat der Prompt {n:Token|Token}.</translation>
  </message>
 </context>
 <context>
  <name>TextDialog</name>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Use this</source>
   <translation>Übernehmen</translation>
  </message>
 </context>
 <context>
  <name>Timeline</name>
  <message>
   <source>Left and right go from round to round, Home and End to the ends</source>
   <translation>Links und rechts gehen von Runde zu Runde, Pos1 und Ende an die Enden</translation>
  </message>
  <message>
   <source>Round {n}: {k} proposed, {a} accepted</source>
   <translation>Runde {n}: {k} vorgeschlagen, {a} angenommen</translation>
  </message>
  <message>
   <source>Rounds over time</source>
   <translation>Runden im Zeitverlauf</translation>
  </message>
  <message>
   <source>accepted</source>
   <translation>angenommen</translation>
  </message>
  <message>
   <source>draft time</source>
   <translation>Entwurfszeit</translation>
  </message>
  <message>
   <source>draft {d}, verify {v}, overhead {o}</source>
   <translation>Entwurf {d}, Prüfung {v}, Zusatz {o}</translation>
  </message>
  <message>
   <source>each bar is the mean of {n:round|rounds}; turn the wheel to zoom in</source>
   <translation>jeder Balken ist der Mittelwert von {n:Runde|Runden}; zum Vergrößern am Rad drehen</translation>
  </message>
  <message>
   <source>k = {n}</source>
   <translation>k = {n}</translation>
  </message>
  <message>
   <source>overhead</source>
   <translation>Zusatz</translation>
  </message>
  <message>
   <source>rejected</source>
   <translation>verworfen</translation>
  </message>
  <message>
   <source>round {n}</source>
   <translation>Runde {n}</translation>
  </message>
  <message>
   <source>verify time</source>
   <translation>Prüfzeit</translation>
  </message>
 </context>
 <context>
  <name>TokenLegend</name>
  <message>
   <source>Legend: accepted is underlined, corrected has a wavy line, bonus a dotted one, plain has none</source>
   <translation>Legende: Angenommenes ist unterstrichen, Korrigiertes gewellt, Bonus gepunktet, Einfaches ohne Linie</translation>
  </message>
  <message>
   <source>accepted</source>
   <translation>angenommen</translation>
  </message>
  <message>
   <source>bonus</source>
   <translation>Bonus</translation>
  </message>
  <message>
   <source>corrected</source>
   <translation>korrigiert</translation>
  </message>
  <message>
   <source>plain</source>
   <translation>einfach</translation>
  </message>
  <message>
   <source>rejected draft</source>
   <translation>verworfener Entwurf</translation>
  </message>
 </context>
 <context>
  <name>TokenView</name>
  <message>
   <source>Copy</source>
   <translation>Kopieren</translation>
  </message>
  <message>
   <source>Copy all</source>
   <translation>Alles kopieren</translation>
  </message>
  <message>
   <source>Save picture…</source>
   <translation>Bild speichern…</translation>
  </message>
  <message>
   <source>Select all</source>
   <translation>Alles auswählen</translation>
  </message>
  <message>
   <source>Tokens of the reply</source>
   <translation>Token der Antwort</translation>
  </message>
 </context>
 <context>
  <name>Toolbar</name>
  <message>
   <source>4-bit weights, an approximation</source>
   <translation>4-Bit-Gewichte, eine Näherung</translation>
  </message>
  <message>
   <source>A benchmark is running</source>
   <translation>Ein Benchmark läuft</translation>
  </message>
  <message>
   <source>Auto</source>
   <translation>Auto</translation>
  </message>
  <message>
   <source>Auto: {value}</source>
   <translation>Auto: {value}</translation>
  </message>
  <message>
   <source>Conversations</source>
   <translation>Unterhaltungen</translation>
  </message>
  <message>
   <source>Decoding</source>
   <translation>Dekodierung</translation>
  </message>
  <message>
   <source>Device</source>
   <translation>Gerät</translation>
  </message>
  <message>
   <source>Draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>Examine a pair…</source>
   <translation>Paar untersuchen…</translation>
  </message>
  <message>
   <source>It is for {memory} GB of memory, which is more than this computer has.</source>
   <translation>Es ist für {memory} GB Speicher, und das ist mehr, als dieser Computer hat.</translation>
  </message>
  <message>
   <source>Live panel</source>
   <translation>Live-Feld</translation>
  </message>
  <message>
   <source>Models and settings</source>
   <translation>Modelle und Einstellungen</translation>
  </message>
  <message>
   <source>N-gram</source>
   <translation>N-Gramm</translation>
  </message>
  <message>
   <source>New chat</source>
   <translation>Neue Unterhaltung</translation>
  </message>
  <message>
   <source>None</source>
   <translation>Keiner</translation>
  </message>
  <message>
   <source>Number format</source>
   <translation>Zahlenformat</translation>
  </message>
  <message>
   <source>Open file…</source>
   <translation>Datei öffnen…</translation>
  </message>
  <message>
   <source>Open folder…</source>
   <translation>Ordner öffnen…</translation>
  </message>
  <message>
   <source>Own layer (MTP)</source>
   <translation>Eigene Schicht (MTP)</translation>
  </message>
  <message>
   <source>Plain</source>
   <translation>Einfach</translation>
  </message>
  <message>
   <source>Self, 4 bits</source>
   <translation>Selbst, 4 Bit</translation>
  </message>
  <message>
   <source>Self, 8 bits</source>
   <translation>Selbst, 8 Bit</translation>
  </message>
  <message>
   <source>Settings</source>
   <translation>Einstellungen</translation>
  </message>
  <message>
   <source>Show or hide conversations</source>
   <translation>Unterhaltungen zeigen oder verbergen</translation>
  </message>
  <message>
   <source>Show or hide the live panel</source>
   <translation>Das Live-Feld zeigen oder verbergen</translation>
  </message>
  <message>
   <source>Speculative</source>
   <translation>Spekulativ</translation>
  </message>
  <message>
   <source>Target</source>
   <translation>Zielmodell</translation>
  </message>
  <message>
   <source>Target model</source>
   <translation>Zielmodell</translation>
  </message>
  <message>
   <source>The server decides this</source>
   <translation>Das entscheidet der Server</translation>
  </message>
  <message>
   <source>This model's file has no layer that drafts. Few models have one, and small files often lack it.</source>
   <translation>Die Datei dieses Modells hat keine Schicht, die Entwürfe macht. Wenige Modelle haben eine, und in kleinen Dateien fehlt sie oft.</translation>
  </message>
  <message>
   <source>Use a server…</source>
   <translation>Server verwenden…</translation>
  </message>
  <message>
   <source>a layer of the target that drafts</source>
   <translation>eine Schicht des Zielmodells, die Entwürfe macht</translation>
  </message>
  <message>
   <source>a token a pass, nothing drafted</source>
   <translation>je Durchgang ein Token, ohne Entwurf</translation>
  </message>
  <message>
   <source>download {size}</source>
   <translation>{size} laden</translation>
  </message>
  <message>
   <source>download {size}, too large here</source>
   <translation>{size} laden, hier zu groß</translation>
  </message>
  <message>
   <source>drafts from the text itself</source>
   <translation>entwirft aus dem Text selbst</translation>
  </message>
  <message>
   <source>drafts, and the target checks them</source>
   <translation>entwirft, und das Zielmodell prüft</translation>
  </message>
  <message>
   <source>model</source>
   <translation>Modell</translation>
  </message>
  <message>
   <source>n-gram</source>
   <translation>N-Gramm</translation>
  </message>
  <message>
   <source>n-gram + own layer</source>
   <translation>n-Gramm + eigene Schicht</translation>
  </message>
  <message>
   <source>n-gram + self</source>
   <translation>N-Gramm + selbst</translation>
  </message>
  <message>
   <source>none</source>
   <translation>keine</translation>
  </message>
  <message>
   <source>not in this file</source>
   <translation>nicht in dieser Datei</translation>
  </message>
  <message>
   <source>own layer</source>
   <translation>eigene Schicht</translation>
  </message>
  <message>
   <source>packed</source>
   <translation>gepackt</translation>
  </message>
  <message>
   <source>plain decoding</source>
   <translation>einfache Dekodierung</translation>
  </message>
  <message>
   <source>self, 4 bits</source>
   <translation>selbst, 4 Bit</translation>
  </message>
  <message>
   <source>self, 8 bits</source>
   <translation>selbst, 8 Bit</translation>
  </message>
  <message>
   <source>the best at hand</source>
   <translation>das Beste, was da ist</translation>
  </message>
  <message>
   <source>the file's own blocks</source>
   <translation>die Blöcke der Datei selbst</translation>
  </message>
  <message>
   <source>the target itself, in fewer bits</source>
   <translation>das Zielmodell selbst, in weniger Bit</translation>
  </message>
  <message>
   <source>{draft} (head)</source>
   <translation>{draft} (Kopf)</translation>
  </message>
  <message>
   <source>{draft} (re-encoded)</source>
   <translation>{draft} (umkodiert)</translation>
  </message>
  <message>
   <source>{kind}: {name}</source>
   <translation>{kind}: {name}</translation>
  </message>
 </context>
 <context>
  <name>Transport</name>
  <message>
   <source>Pause the replay</source>
   <translation>Wiedergabe anhalten</translation>
  </message>
  <message>
   <source>Play the replay</source>
   <translation>Wiedergabe starten</translation>
  </message>
  <message>
   <source>Position of the replay</source>
   <translation>Stelle der Wiedergabe</translation>
  </message>
  <message>
   <source>Speed of the replay</source>
   <translation>Tempo der Wiedergabe</translation>
  </message>
  <message>
   <source>Time of the replay</source>
   <translation>Zeit der Wiedergabe</translation>
  </message>
 </context>
 <context>
  <name>UndoBar</name>
  <message>
   <source>Bring back what was deleted</source>
   <translation>Gelöschtes zurückholen</translation>
  </message>
  <message>
   <source>Deleted “{title}”</source>
   <translation>„{title}“ gelöscht</translation>
  </message>
  <message>
   <source>Messages deleted</source>
   <translation>Nachrichten gelöscht</translation>
  </message>
  <message>
   <source>Undo</source>
   <translation>Rückgängig</translation>
  </message>
  <message>
   <source>{n:conversation|conversations} deleted</source>
   <translation>{n:Unterhaltung|Unterhaltungen} gelöscht</translation>
  </message>
 </context>
 <context>
  <name>UserBubble</name>
  <message>
   <source>Edit this message</source>
   <translation>Diese Nachricht bearbeiten</translation>
  </message>
  <message>
   <source>Edit; the present version and its answers stay</source>
   <translation>Bearbeiten; diese Fassung und ihre Antworten bleiben</translation>
  </message>
  <message>
   <source>More</source>
   <translation>Mehr</translation>
  </message>
  <message>
   <source>More about this message</source>
   <translation>Mehr zu dieser Nachricht</translation>
  </message>
  <message>
   <source>Part of the text: {text}</source>
   <translation>Teil des Textes: {text}</translation>
  </message>
  <message>
   <source>Show all {n} characters</source>
   <translation>Alle {n} Zeichen zeigen</translation>
  </message>
  <message>
   <source>You: {text}</source>
   <translation>Du: {text}</translation>
  </message>
 </context>
 <context>
  <name>VersionSwitch</name>
  <message>
   <source>Version after</source>
   <translation>Nächste Fassung</translation>
  </message>
  <message>
   <source>Version before</source>
   <translation>Vorige Fassung</translation>
  </message>
  <message>
   <source>Version {n} of {all}</source>
   <translation>Fassung {n} von {all}</translation>
  </message>
 </context>
 <context>
  <name>WelcomePage</name>
  <message>
   <source>At that speed the model above suits it best.</source>
   <translation>Bei dieser Geschwindigkeit passt das Modell oben am besten.</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Cancel loading or downloading</source>
   <translation>Laden oder Herunterladen abbrechen</translation>
  </message>
  <message>
   <source>Chat with a model on this computer.</source>
   <translation>Mit einem Modell auf diesem Computer chatten.</translation>
  </message>
  <message>
   <source>Continue download</source>
   <translation>Weiter herunterladen</translation>
  </message>
  <message>
   <source>Download and start</source>
   <translation>Herunterladen und starten</translation>
  </message>
  <message>
   <source>More models</source>
   <translation>Weitere Modelle</translation>
  </message>
  <message>
   <source>Open a file…</source>
   <translation>Datei öffnen…</translation>
  </message>
  <message>
   <source>Open a model file…</source>
   <translation>Modelldatei öffnen…</translation>
  </message>
  <message>
   <source>Progress</source>
   <translation>Fortschritt</translation>
  </message>
  <message>
   <source>Start</source>
   <translation>Starten</translation>
  </message>
  <message>
   <source>Try again</source>
   <translation>Noch einmal versuchen</translation>
  </message>
  <message>
   <source>Use a server…</source>
   <translation>Server verwenden…</translation>
  </message>
  <message>
   <source>{size} · {licence} licence</source>
   <translation>{size} · Lizenz {licence}</translation>
  </message>
 </context>
 <context>
  <name>WhatIfChart</name>
  <message>
   <source>Estimated speed by k</source>
   <translation>Geschätztes Tempo nach k</translation>
  </message>
  <message>
   <source>Nothing to estimate from yet: it takes drafted rounds, and rounds with more than one k or a plain one</source>
   <translation>Noch nichts zum Schätzen: Es braucht entworfene Runden und Runden mit mehr als einem k oder eine einfache</translation>
  </message>
  <message>
   <source>This run never drafted so many: the last acceptance is taken to go on</source>
   <translation>So viele entwarf dieser Lauf nie: Die letzte Annahme wird fortgeschrieben</translation>
  </message>
  <message>
   <source>add.</source>
   <translation>plus</translation>
  </message>
  <message>
   <source>{what}: about {n} tok/s</source>
   <translation>{what}: etwa {n} Tok/s</translation>
  </message>
 </context>
 <context>
  <name>_Message</name>
  <message>
   <source>Details</source>
   <translation>Details</translation>
  </message>
  <message>
   <source>Dismiss</source>
   <translation>Ausblenden</translation>
  </message>
  <message>
   <source>Show or hide details</source>
   <translation>Details zeigen oder verbergen</translation>
  </message>
 </context>
 <context>
  <name>about</name>
  <message>
   <source>Helix {version} is available.</source>
   <translation>Helix {version} ist verfügbar.</translation>
  </message>
  <message>
   <source>The releases page has not answered yet, so nobody knows whether there is a newer version.</source>
   <translation>Die Seite mit den Veröffentlichungen hat noch nicht geantwortet; ob es eine neuere Version gibt, ist nicht bekannt.</translation>
  </message>
  <message>
   <source>This Helix knows no releases page, so it cannot look for newer versions.</source>
   <translation>Dieses Helix kennt keine Seite mit Veröffentlichungen und kann daher nicht nach neueren Versionen sehen.</translation>
  </message>
  <message>
   <source>This is the newest version, as of {day}.</source>
   <translation>Dies ist die neueste Version, Stand {day}.</translation>
  </message>
  <message>
   <source>This is the newest version.</source>
   <translation>Dies ist die neueste Version.</translation>
  </message>
  <message>
   <source>This was the newest version on {day}. The releases page has not been reached since.</source>
   <translation>Am {day} war dies die neueste Version. Seitdem war die Seite der Veröffentlichungen nicht zu erreichen.</translation>
  </message>
  <message>
   <source>d MMM yyyy</source>
   <translation>d. MMM yyyy</translation>
  </message>
 </context>
 <context>
  <name>attachments</name>
  <message>
   <source>Pasted text, {n} characters: “{start}…”</source>
   <translation>Eingefügter Text, {n} Zeichen: „{start}…“</translation>
  </message>
  <message>
   <source>Put it into the field</source>
   <translation>Ins Feld setzen</translation>
  </message>
  <message>
   <source>Reading {name}, then sending…</source>
   <translation>{name} wird gelesen, dann gesendet…</translation>
  </message>
  <message>
   <source>Reading {name}…</source>
   <translation>{name} wird gelesen…</translation>
  </message>
  <message>
   <source>Remove file</source>
   <translation>Datei entfernen</translation>
  </message>
  <message>
   <source>Remove pasted text</source>
   <translation>Eingefügten Text entfernen</translation>
  </message>
  <message>
   <source>{name}, {n} characters</source>
   <translation>{name}, {n} Zeichen</translation>
  </message>
 </context>
 <context>
  <name>benchmark</name>
  <message>
   <source>. Intervals and verdicts by kind need {n} prompts × repeats or more.</source>
   <translation>. Intervalle und Urteile je Art brauchen mindestens {n} Prompts × Wiederholungen.</translation>
  </message>
  <message>
   <source>Adversarial</source>
   <translation>Widrig</translation>
  </message>
  <message>
   <source>Chat</source>
   <translation>Chat</translation>
  </message>
  <message>
   <source>Choose at least one kind of prompts.</source>
   <translation>Mindestens eine Art von Prompts wählen.</translation>
  </message>
  <message>
   <source>Code</source>
   <translation>Code</translation>
  </message>
  <message>
   <source>Helix</source>
   <translation>Helix</translation>
  </message>
  <message>
   <source>Helix alone</source>
   <translation>Helix allein</translation>
  </message>
  <message>
   <source>How long that takes is not known: nothing was written with this model here yet.</source>
   <translation>Wie lange das dauert, ist unbekannt: Mit diesem Modell wurde hier noch nichts geschrieben.</translation>
  </message>
  <message>
   <source>List</source>
   <translation>Liste</translation>
  </message>
  <message>
   <source>Long context</source>
   <translation>Langer Kontext</translation>
  </message>
  <message>
   <source>Plain</source>
   <translation>Einfach</translation>
  </message>
  <message>
   <source>Result</source>
   <translation>Ergebnis</translation>
  </message>
  <message>
   <source>Rewrite</source>
   <translation>Umschreiben</translation>
  </message>
  <message>
   <source>Story</source>
   <translation>Geschichte</translation>
  </message>
  <message>
   <source>Summarise</source>
   <translation>Zusammenfassen</translation>
  </message>
  <message>
   <source>Writing takes about {time}, or longer in other programs, at {rate} tok/s without drafts; loading and reading the prompts come on top.</source>
   <translation>Das Schreiben dauert etwa {time}, in anderen Programmen auch länger, bei {rate} Tok/s ohne Entwürfe; Laden und Lesen der Prompts kommen hinzu.</translation>
  </message>
  <message>
   <source>Writing takes {time} at most, at {rate} tok/s without drafts; loading and reading the prompts come on top.</source>
   <translation>Das Schreiben dauert höchstens {time}, bei {rate} Tok/s ohne Entwürfe; Laden und Lesen der Prompts kommen hinzu.</translation>
  </message>
  <message>
   <source>a page in, a few lines out</source>
   <translation>eine Seite hinein, einige Zeilen heraus</translation>
  </message>
  <message>
   <source>a question after a long text</source>
   <translation>eine Frage nach einem langen Text</translation>
  </message>
  <message>
   <source>complete</source>
   <translation>vollständig</translation>
  </message>
  <message>
   <source>d MMM yyyy, HH:mm</source>
   <translation>dd.MM.yy, HH:mm</translation>
  </message>
  <message>
   <source>draft {x}</source>
   <translation>Entwurf {x}</translation>
  </message>
  <message>
   <source>everyday questions</source>
   <translation>alltägliche Fragen</translation>
  </message>
  <message>
   <source>free invention</source>
   <translation>freie Erfindung</translation>
  </message>
  <message>
   <source>its own speculative decoding</source>
   <translation>sein eigenes spekulatives Dekodieren</translation>
  </message>
  <message>
   <source>k {x}</source>
   <translation>k {x}</translation>
  </message>
  <message>
   <source>lines of a repeating form</source>
   <translation>Zeilen gleicher Form</translation>
  </message>
  <message>
   <source>nothing that a draft can guess</source>
   <translation>nichts, was ein Entwurf erraten kann</translation>
  </message>
  <message>
   <source>plain decoding</source>
   <translation>einfache Dekodierung</translation>
  </message>
  <message>
   <source>programs and changes to them</source>
   <translation>Programme und Änderungen daran</translation>
  </message>
  <message>
   <source>stopped early</source>
   <translation>vorzeitig gestoppt</translation>
  </message>
  <message>
   <source>stopped early · {when}</source>
   <translation>vorzeitig gestoppt · {when}</translation>
  </message>
  <message>
   <source>temperature {x}</source>
   <translation>Temperatur {x}</translation>
  </message>
  <message>
   <source>text that is nearly copied</source>
   <translation>fast nur abgeschriebener Text</translation>
  </message>
  <message>
   <source>transformers</source>
   <translation>transformers</translation>
  </message>
  <message>
   <source>transformers, assisted</source>
   <translation>transformers, unterstützt</translation>
  </message>
  <message>
   <source>with {programs}</source>
   <translation>mit {programs}</translation>
  </message>
  <message>
   <source>{kinds:kind|kinds} × {prompts:prompt|prompts} × {repeats:repeat|repeats} × {arms:configuration|configurations} = {n:reply|replies} of up to {t:token|tokens}</source>
   <translation>{kinds:Art|Arten} × {prompts:Prompt|Prompts} × {repeats:Wiederholung|Wiederholungen} × {arms:Konfiguration|Konfigurationen} = {n:Antwort|Antworten} mit bis zu {t:Token|Token}</translation>
  </message>
  <message>
   <source>{n:reply|replies}</source>
   <translation>{n:Antwort|Antworten}</translation>
  </message>
  <message>
   <source>{x:prompt|prompts}</source>
   <translation>{x:Prompt|Prompts}</translation>
  </message>
  <message>
   <source>{x:repeat|repeats}</source>
   <translation>{x:Wiederholung|Wiederholungen}</translation>
  </message>
  <message>
   <source>{x:token|tokens}</source>
   <translation>{x:Token|Token}</translation>
  </message>
 </context>
 <context>
  <name>catalog</name>
  <message>
   <source>A capable English chat model for everyday questions; the 135M model makes a good draft for it.</source>
   <translation>Ein fähiges englisches Chat-Modell für alltägliche Fragen; das 135M-Modell ist ein guter Entwurf dafür.</translation>
  </message>
  <message>
   <source>A capable model for six European languages with a long context; n-grams draft for it.</source>
   <translation>Ein fähiges Modell für sechs europäische Sprachen mit langem Kontext; N-Gramme entwerfen dafür.</translation>
  </message>
  <message>
   <source>A capable multilingual chat model with a long context; the 0.5B model can draft for it.</source>
   <translation>Ein fähiges mehrsprachiges Chat-Modell mit langem Kontext; das 0.5B-Modell kann dafür entwerfen.</translation>
  </message>
  <message>
   <source>A capable multilingual model that can think before it answers; the 0.6B model makes a good draft for it.</source>
   <translation>Ein fähiges mehrsprachiges Modell, das vor der Antwort nachdenken kann; das 0.6B-Modell ist ein guter Entwurf dafür.</translation>
  </message>
  <message>
   <source>A model for work with documents, tools and code, with a long context; n-grams draft well where it quotes.</source>
   <translation>Ein Modell für die Arbeit mit Dokumenten, Werkzeugen und Code, mit langem Kontext; N-Gramme entwerfen gut, wo es zitiert.</translation>
  </message>
  <message>
   <source>A small English chat model, quick on any processor and noticeably better than the 135M one.</source>
   <translation>Ein kleines englisches Chat-Modell, flott auf jedem Prozessor und merklich besser als das mit 135M.</translation>
  </message>
  <message>
   <source>A small multilingual chat model with a long context; it drafts for the larger Qwen2.5 models.</source>
   <translation>Ein kleines mehrsprachiges Chat-Modell mit langem Kontext; es entwirft für die größeren Qwen2.5-Modelle.</translation>
  </message>
  <message>
   <source>A small multilingual model that can think before it answers; the 0.6B model can draft for it.</source>
   <translation>Ein kleines mehrsprachiges Modell, das vor der Antwort nachdenken kann; das 0.6B-Modell kann dafür entwerfen.</translation>
  </message>
  <message>
   <source>A strong multilingual model that can think before it answers; the 0.6B model makes a good draft for it.</source>
   <translation>Ein starkes mehrsprachiges Modell, das vor der Antwort nachdenken kann; das 0.6B-Modell ist ein guter Entwurf dafür.</translation>
  </message>
  <message>
   <source>A very small English chat model that runs anywhere; it answers simply, and it drafts for the larger SmolLM2 models.</source>
   <translation>Ein sehr kleines englisches Chat-Modell, das überall läuft; es antwortet einfach und entwirft für die größeren SmolLM2-Modelle.</translation>
  </message>
  <message>
   <source>A very small multilingual model that can think before it answers; it drafts for the larger Qwen3 models.</source>
   <translation>Ein sehr kleines mehrsprachiges Modell, das vor der Antwort nachdenken kann; es entwirft für die größeren Qwen3-Modelle.</translation>
  </message>
  <message>
   <source>A very small multilingual model that continues text and has no chat template; Google's terms apply (ai.google.dev/gemma/terms).</source>
   <translation>Ein sehr kleines mehrsprachiges Modell, das Text fortsetzt und keine Chat-Vorlage hat; es gelten Googles Bedingungen (ai.google.dev/gemma/terms).</translation>
  </message>
  <message>
   <source>A very strong multilingual model that can think before it answers; the 0.6B model makes a good draft for it.</source>
   <translation>Ein sehr starkes mehrsprachiges Modell, das vor der Antwort nachdenken kann; das 0.6B-Modell ist ein guter Entwurf dafür.</translation>
  </message>
  <message>
   <source>The strongest model of this list, which can think before it answers; the 0.6B model makes a good draft for it.</source>
   <translation>Das stärkste Modell dieser Liste, das vor der Antwort nachdenken kann; das 0.6B-Modell ist ein guter Entwurf dafür.</translation>
  </message>
 </context>
 <context>
  <name>charts</name>
  <message>
   <source>always k = {k}</source>
   <translation>immer k = {k}</translation>
  </message>
  <message>
   <source>plain decoding</source>
   <translation>einfache Dekodierung</translation>
  </message>
  <message>
   <source>the additive policy</source>
   <translation>die additive Regel</translation>
  </message>
 </context>
 <context>
  <name>chats</name>
  <message>
   <source>Conversations</source>
   <translation>Unterhaltungen</translation>
  </message>
  <message>
   <source>Delete	Del</source>
   <translation>Löschen	Entf</translation>
  </message>
  <message>
   <source>Delete {n:conversation|conversations}</source>
   <translation>{n:Unterhaltung|Unterhaltungen} löschen</translation>
  </message>
  <message>
   <source>Duplicate</source>
   <translation>Duplizieren</translation>
  </message>
  <message>
   <source>Earlier</source>
   <translation>Früher</translation>
  </message>
  <message>
   <source>Export all…</source>
   <translation>Alle exportieren…</translation>
  </message>
  <message>
   <source>Export {n:conversation|conversations}…</source>
   <translation>{n:Unterhaltung|Unterhaltungen} exportieren…</translation>
  </message>
  <message>
   <source>Export…</source>
   <translation>Exportieren…</translation>
  </message>
  <message>
   <source>Folder</source>
   <translation>Ordner</translation>
  </message>
  <message>
   <source>Found in {n:conversation|conversations}</source>
   <translation>Gefunden in {n:Unterhaltung|Unterhaltungen}</translation>
  </message>
  <message>
   <source>Import conversations…</source>
   <translation>Unterhaltungen importieren…</translation>
  </message>
  <message>
   <source>Move to folder</source>
   <translation>In Ordner verschieben</translation>
  </message>
  <message>
   <source>Move {n:conversation|conversations} to folder</source>
   <translation>{n:Unterhaltung|Unterhaltungen} in Ordner verschieben</translation>
  </message>
  <message>
   <source>Name of the folder</source>
   <translation>Name des Ordners</translation>
  </message>
  <message>
   <source>New folder…</source>
   <translation>Neuer Ordner…</translation>
  </message>
  <message>
   <source>None</source>
   <translation>Keiner</translation>
  </message>
  <message>
   <source>Nothing found</source>
   <translation>Nichts gefunden</translation>
  </message>
  <message>
   <source>Pin</source>
   <translation>Anheften</translation>
  </message>
  <message>
   <source>Pin {n:conversation|conversations}</source>
   <translation>{n:Unterhaltung|Unterhaltungen} anheften</translation>
  </message>
  <message>
   <source>Pinned</source>
   <translation>Angeheftet</translation>
  </message>
  <message>
   <source>Previous 30 days</source>
   <translation>Letzte 30 Tage</translation>
  </message>
  <message>
   <source>Previous 7 days</source>
   <translation>Letzte 7 Tage</translation>
  </message>
  <message>
   <source>Remove folder, keep its conversations</source>
   <translation>Ordner entfernen, Unterhaltungen behalten</translation>
  </message>
  <message>
   <source>Rename	F2</source>
   <translation>Umbenennen	F2</translation>
  </message>
  <message>
   <source>Rename folder…</source>
   <translation>Ordner umbenennen…</translation>
  </message>
  <message>
   <source>Stop the reply</source>
   <translation>Antwort stoppen</translation>
  </message>
  <message>
   <source>The first {n:conversation|conversations}</source>
   <translation>Die ersten {n:Unterhaltung|Unterhaltungen}</translation>
  </message>
  <message>
   <source>Title of the conversation</source>
   <translation>Titel der Unterhaltung</translation>
  </message>
  <message>
   <source>Today</source>
   <translation>Heute</translation>
  </message>
  <message>
   <source>Unpin</source>
   <translation>Lösen</translation>
  </message>
  <message>
   <source>Unpin {n:conversation|conversations}</source>
   <translation>{n:Unterhaltung|Unterhaltungen} lösen</translation>
  </message>
  <message>
   <source>Untitled</source>
   <translation>Ohne Titel</translation>
  </message>
  <message>
   <source>Yesterday</source>
   <translation>Gestern</translation>
  </message>
  <message>
   <source>{day}, {time}</source>
   <translation>{day}, {time}</translation>
  </message>
  <message>
   <source>{title}, a reply is being written</source>
   <translation>{title}, eine Antwort wird geschrieben</translation>
  </message>
 </context>
 <context>
  <name>commands</name>
  <message>
   <source>Commands</source>
   <translation>Befehle</translation>
  </message>
  <message>
   <source>Open conversation: {title}</source>
   <translation>Unterhaltung öffnen: {title}</translation>
  </message>
  <message>
   <source>What would you like to do?</source>
   <translation>Was soll geschehen?</translation>
  </message>
 </context>
 <context>
  <name>compare</name>
  <message>
   <source>Additive</source>
   <translation>Additiv</translation>
  </message>
  <message>
   <source>As chosen: {draft}</source>
   <translation>Wie gewählt: {draft}</translation>
  </message>
  <message>
   <source>As chosen: {dtype}</source>
   <translation>Wie gewählt: {dtype}</translation>
  </message>
  <message>
   <source>As chosen: {model}</source>
   <translation>Wie gewählt: {model}</translation>
  </message>
  <message>
   <source>Auto</source>
   <translation>Auto</translation>
  </message>
  <message>
   <source>Coupled</source>
   <translation>Gekoppelt</translation>
  </message>
  <message>
   <source>Fixed k | adaptive k</source>
   <translation>Festes k | angepasstes k</translation>
  </message>
  <message>
   <source>Fixed: {n}</source>
   <translation>Fest: {n}</translation>
  </message>
  <message>
   <source>N-gram | draft model</source>
   <translation>N-Gramm | Entwurfsmodell</translation>
  </message>
  <message>
   <source>N-gram | self, 4 bits</source>
   <translation>N-Gramm | selbst, 4 Bit</translation>
  </message>
  <message>
   <source>One model is in memory at a time: they are loaded in turn, and yours again at the end.</source>
   <translation>Es ist immer nur ein Modell im Speicher: Sie werden nacheinander geladen, das eigene am Ende wieder.</translation>
  </message>
  <message>
   <source>Plain</source>
   <translation>Einfach</translation>
  </message>
  <message>
   <source>Rejection</source>
   <translation>Verwerfen</translation>
  </message>
  <message>
   <source>Speculative</source>
   <translation>Spekulativ</translation>
  </message>
  <message>
   <source>Speculative | plain</source>
   <translation>Spekulativ | einfach</translation>
  </message>
  <message>
   <source>This model | another model</source>
   <translation>Dieses Modell | ein anderes</translation>
  </message>
  <message>
   <source>What a configuration needs is loaded for it, and your own choice again at the end; the chat is read anew then.</source>
   <translation>Was eine Konfiguration braucht, wird für sie geladen, die eigene Wahl am Ende wieder; der Chat wird dann neu gelesen.</translation>
  </message>
  <message>
   <source>as chosen</source>
   <translation>gewählt</translation>
  </message>
  <message>
   <source>by acceptance alone</source>
   <translation>nur nach Annahme</translation>
  </message>
  <message>
   <source>coupled</source>
   <translation>gekoppelt</translation>
  </message>
  <message>
   <source>coupled, as there is a seed</source>
   <translation>gekoppelt, weil ein Seed gesetzt ist</translation>
  </message>
  <message>
   <source>draft auto</source>
   <translation>Entwurf auto</translation>
  </message>
  <message>
   <source>k additive</source>
   <translation>k additiv</translation>
  </message>
  <message>
   <source>k auto</source>
   <translation>k auto</translation>
  </message>
  <message>
   <source>k {k}</source>
   <translation>k {k}</translation>
  </message>
  <message>
   <source>n-gram</source>
   <translation>N-Gramm</translation>
  </message>
  <message>
   <source>no draft</source>
   <translation>kein Entwurf</translation>
  </message>
  <message>
   <source>no other model is here</source>
   <translation>kein anderes Modell ist hier</translation>
  </message>
  <message>
   <source>own layer</source>
   <translation>eigene Schicht</translation>
  </message>
  <message>
   <source>rejection</source>
   <translation>Verwerfen</translation>
  </message>
  <message>
   <source>self, 4 bits</source>
   <translation>selbst, 4 Bit</translation>
  </message>
  <message>
   <source>self, 8 bits</source>
   <translation>selbst, 8 Bit</translation>
  </message>
  <message>
   <source>the same distribution</source>
   <translation>dieselbe Verteilung</translation>
  </message>
  <message>
   <source>the same text for a seed</source>
   <translation>derselbe Text bei gleichem Seed</translation>
  </message>
  <message>
   <source>verify: auto</source>
   <translation>Prüfung auto</translation>
  </message>
  <message>
   <source>what measures fastest</source>
   <translation>was gemessen am schnellsten ist</translation>
  </message>
 </context>
 <context>
  <name>context_offer</name>
  <message>
   <source>Load with {n:token|tokens}</source>
   <translation>Mit {n:Token|Token} laden</translation>
  </message>
 </context>
 <context>
  <name>count</name>
  <message>
   <source>Begin of text: {n}</source>
   <translation>Textanfang: {n}</translation>
  </message>
  <message>
   <source>Chat template: {n}</source>
   <translation>Chat-Vorlage: {n}</translation>
  </message>
  <message>
   <source>History: {n}</source>
   <translation>Verlauf: {n}</translation>
  </message>
  <message>
   <source>Left for the reply: {n}</source>
   <translation>Übrig für die Antwort: {n}</translation>
  </message>
  <message>
   <source>Left to write: {n}</source>
   <translation>Platz zum Schreiben: {n}</translation>
  </message>
  <message>
   <source>Message: {n}</source>
   <translation>Nachricht: {n}</translation>
  </message>
  <message>
   <source>Not sent: the beginning of the text</source>
   <translation>Nicht gesendet: der Anfang des Textes</translation>
  </message>
  <message>
   <source>Not sent: the {n:oldest message|oldest messages}</source>
   <translation>Nicht gesendet: {n:älteste Nachricht|älteste Nachrichten}</translation>
  </message>
  <message>
   <source>System prompt: {n}</source>
   <translation>Systemprompt: {n}</translation>
  </message>
  <message>
   <source>Text so far: {n}</source>
   <translation>Text bisher: {n}</translation>
  </message>
  <message>
   <source>Your addition: {n}</source>
   <translation>Ihr Zusatz: {n}</translation>
  </message>
  <message>
   <source>its beginning is not sent</source>
   <translation>sein Anfang wird nicht gesendet</translation>
  </message>
  <message>
   <source>prompt {total} of {all}</source>
   <translation>Prompt {total} von {all}</translation>
  </message>
  <message>
   <source>up to {room} for the reply</source>
   <translation>bis zu {room} für die Antwort</translation>
  </message>
  <message>
   <source>{n:token|tokens}</source>
   <translation>{n:Token|Token}</translation>
  </message>
  <message>
   <source>{n:token|tokens} · the prompt is too long: {total} of {all}</source>
   <translation>{n:Token|Token} · der Prompt ist zu lang: {total} von {all}</translation>
  </message>
  <message>
   <source>{out:oldest message is|oldest messages are} not sent</source>
   <translation>{out:älteste Nachricht wird|älteste Nachrichten werden} nicht gesendet</translation>
  </message>
 </context>
 <context>
  <name>dropping</name>
  <message>
   <source>Drop it to attach it to the message</source>
   <translation>Loslassen, um es an die Nachricht anzuhängen</translation>
  </message>
  <message>
   <source>Drop it to load this model</source>
   <translation>Loslassen, um dieses Modell zu laden</translation>
  </message>
  <message>
   <source>Drop it to look into this run</source>
   <translation>Loslassen, um diesen Lauf zu untersuchen</translation>
  </message>
 </context>
 <context>
  <name>figures</name>
  <message>
   <source>Checking the file</source>
   <translation>Die Datei wird geprüft</translation>
  </message>
  <message>
   <source>Connecting</source>
   <translation>Verbindung wird aufgebaut</translation>
  </message>
  <message>
   <source>Decode speed in tokens per second</source>
   <translation>Dekodiertempo in Token je Sekunde</translation>
  </message>
  <message>
   <source>Downloading</source>
   <translation>Wird heruntergeladen</translation>
  </message>
  <message>
   <source>Engine, with all its libraries: {n}</source>
   <translation>Engine mit allen Bibliotheken: {n}</translation>
  </message>
  <message>
   <source>Free main memory: {n}</source>
   <translation>Freier Hauptspeicher: {n}</translation>
  </message>
  <message>
   <source>GPU memory {n}, {free} free</source>
   <translation>GPU-Speicher {n}, {free} frei</translation>
  </message>
  <message>
   <source>Graphics card, free: {n}</source>
   <translation>Grafikkarte, frei: {n}</translation>
  </message>
  <message>
   <source>Graphics card, held: {n}</source>
   <translation>Grafikkarte, belegt: {n}</translation>
  </message>
  <message>
   <source>Graphics card, in all: {n}</source>
   <translation>Grafikkarte, insgesamt: {n}</translation>
  </message>
  <message>
   <source>KV cache, used or not: {n}</source>
   <translation>KV-Cache, benutzt oder nicht: {n}</translation>
  </message>
  <message>
   <source>Main memory of this computer: {n}</source>
   <translation>Hauptspeicher dieses Computers: {n}</translation>
  </message>
  <message>
   <source>Memory that the model takes, and what is free</source>
   <translation>Speicher, den das Modell belegt, und was frei ist</translation>
  </message>
  <message>
   <source>TTFT {t}</source>
   <translation>TTFT {t}</translation>
  </message>
  <message>
   <source>Tokens drafted a round, fewest to most</source>
   <translation>Entworfene Token je Runde, wenigste bis meiste</translation>
  </message>
  <message>
   <source>Tokens written per decode pass of the target model</source>
   <translation>Geschriebene Token je Dekodierdurchgang des Zielmodells</translation>
  </message>
  <message>
   <source>Tokens written; the prompt had {p}, {c} of them from the cache</source>
   <translation>Geschriebene Token; der Prompt hatte {p}, davon {c} aus dem Cache</translation>
  </message>
  <message>
   <source>Unpacking</source>
   <translation>Wird entpackt</translation>
  </message>
  <message>
   <source>Weights: {n}</source>
   <translation>Gewichte: {n}</translation>
  </message>
  <message>
   <source>Why the reply ended; seed {s}</source>
   <translation>Warum die Antwort endete; Seed {s}</translation>
  </message>
  <message>
   <source>k {r}</source>
   <translation>k {r}</translation>
  </message>
  <message>
   <source>memory {n}, {free} free</source>
   <translation>Speicher {n}, {free} frei</translation>
  </message>
  <message>
   <source>memory –</source>
   <translation>Speicher –</translation>
  </message>
  <message>
   <source>tokens –</source>
   <translation>Tokens –</translation>
  </message>
  <message>
   <source>{a} of {d:draft token was|draft tokens were} accepted</source>
   <translation>{a} von {d:Entwurfstoken|Entwurfstoken} angenommen</translation>
  </message>
  <message>
   <source>{done} of {total}</source>
   <translation>{done} von {total}</translation>
  </message>
  <message>
   <source>{done} of {total} packed</source>
   <translation>{done} von {total} gepackt</translation>
  </message>
  <message>
   <source>{model} · remote, {host}</source>
   <translation>{model} · entfernt, {host}</translation>
  </message>
  <message>
   <source>{model} · {device} · {dtype} · {n:token|tokens} of context</source>
   <translation>{model} · {device} · {dtype} · {n:Token|Token} Kontext</translation>
  </message>
  <message>
   <source>{n:token|tokens}</source>
   <translation>{n:Token|Token}</translation>
  </message>
  <message>
   <source>{n} h left</source>
   <translation>noch {n} h</translation>
  </message>
  <message>
   <source>{n} hours</source>
   <translation>{n} Stunden</translation>
  </message>
  <message>
   <source>{n} min left</source>
   <translation>noch {n} min</translation>
  </message>
  <message>
   <source>{n} minutes</source>
   <translation>{n} Minuten</translation>
  </message>
  <message>
   <source>{n} s left</source>
   <translation>noch {n} s</translation>
  </message>
  <message>
   <source>{n} seconds</source>
   <translation>{n} Sekunden</translation>
  </message>
  <message>
   <source>{n} tok/s</source>
   <translation>{n} Tok/s</translation>
  </message>
  <message>
   <source>{n} tokens per pass</source>
   <translation>{n} Token je Durchgang</translation>
  </message>
  <message>
   <source>{p} accepted</source>
   <translation>{p} angenommen</translation>
  </message>
 </context>
 <context>
  <name>form</name>
  <message>
   <source>A schema is a JSON object, in braces.</source>
   <translation>Ein Schema ist ein JSON-Objekt, in geschweiften Klammern.</translation>
  </message>
  <message>
   <source>Example</source>
   <translation>Beispiel</translation>
  </message>
  <message>
   <source>It holds a number that is too long.</source>
   <translation>Es enthält eine zu lange Zahl.</translation>
  </message>
  <message>
   <source>It is nested too deeply.</source>
   <translation>Es ist zu tief verschachtelt.</translation>
  </message>
  <message>
   <source>It is too long: {n} characters at most.</source>
   <translation>Es ist zu lang: höchstens {n} Zeichen.</translation>
  </message>
  <message>
   <source>JSON schema</source>
   <translation>JSON-Schema</translation>
  </message>
  <message>
   <source>Line {line} is no JSON.</source>
   <translation>Zeile {line} ist kein JSON.</translation>
  </message>
  <message>
   <source>Nothing is written yet.</source>
   <translation>Noch steht nichts da.</translation>
  </message>
 </context>
 <context>
  <name>glossary</name>
  <message>
   <source>95 % interval</source>
   <translation>95-%-Intervall</translation>
  </message>
  <message>
   <source>A conversation that leaves no room for a reply stops, or its oldest turns stay out.</source>
   <translation>Eine Unterhaltung, die keinen Platz für eine Antwort lässt, hält an, oder ihre ältesten Züge bleiben weg.</translation>
  </message>
  <message>
   <source>A draft proposes some tokens, and the target checks them all in one pass.</source>
   <translation>Ein Entwurf schlägt einige Token vor, und das Zielmodell prüft sie alle in einem Durchgang.</translation>
  </message>
  <message>
   <source>A draft proposes tokens; the target keeps those it agrees with. A good draft makes replies faster, a bad one only costs time, and neither changes the text.

Auto takes the best at hand. N-gram looks up what followed the last time the text read like this and needs no model. Self is the target in fewer bits, on the target's own cache. Own layer (MTP) is one that some models have for this, a head (EAGLE-3) one that was made for a model later. A draft model is a smaller model, best with the same vocabulary: the text of another one is re-encoded. None is plain decoding.</source>
   <translation>Ein Entwurf schlägt Token vor; das Zielmodell behält die, mit denen es übereinstimmt. Ein guter Entwurf macht Antworten schneller, ein schlechter kostet nur Zeit, und keiner von beiden ändert den Text.

Auto nimmt das Beste, was da ist. N-Gramm schlägt nach, was beim letzten Mal folgte, als der Text so lautete, und braucht kein Modell. Selbst ist das Zielmodell in weniger Bit, auf dessen eigenem Cache. Eigene Schicht (MTP) ist eine, die manche Modelle dafür haben, ein Kopf (EAGLE-3) eine, die später für ein Modell gemacht wurde. Ein Entwurfsmodell ist ein kleineres Modell, am besten mit demselben Vokabular: Der Text eines anderen wird umkodiert. Keiner ist einfache Dekodierung.</translation>
  </message>
  <message>
   <source>A hard limit on how unlikely a token may be. It has nothing to do with the k of a round.</source>
   <translation>Eine feste Grenze dafür, wie unwahrscheinlich ein Token sein darf. Mit dem k einer Runde hat sie nichts zu tun.</translation>
  </message>
  <message>
   <source>A language model writes a token a pass, and most of a pass is reading its weights from memory. Checking several tokens costs little more than writing one. So a cheap draft proposes a few, the target checks them together and keeps the longest beginning that it agrees with, and one token of its own on top.

The reply is the same as with plain decoding: it is lossless. With a seed or at temperature 0 it is the same token by token. Where drafting does not pay, Helix stops drafting by itself.

Choose Speculative or Plain in the toolbar.</source>
   <translation>Ein Sprachmodell schreibt ein Token je Durchgang, und der größte Teil eines Durchgangs ist das Lesen seiner Gewichte aus dem Speicher. Mehrere Token zu prüfen kostet kaum mehr, als eines zu schreiben. Also schlägt ein billiger Entwurf einige vor, das Zielmodell prüft sie zusammen und behält den längsten Anfang, mit dem es übereinstimmt, und dazu ein eigenes Token.

Die Antwort ist dieselbe wie bei einfacher Dekodierung: Es geht nichts verloren. Mit einem Seed oder bei Temperatur 0 ist sie Token für Token dieselbe. Wo Entwürfe sich nicht lohnen, hört Helix von selbst damit auf.

Spekulativ oder Einfach lässt sich oben in der Leiste wählen.</translation>
  </message>
  <message>
   <source>A little over 1 helps against loops. Much more spoils code and names, which have to repeat.</source>
   <translation>Etwas über 1 hilft gegen Schleifen. Viel mehr verdirbt Code und Namen, die sich wiederholen müssen.</translation>
  </message>
  <message>
   <source>A model's vocabulary holds some ten thousand tokens: words, parts of words, signs. Text is cut into them before the model reads it. Limits and speeds are counted in tokens.</source>
   <translation>Das Vokabular eines Modells hat einige zehntausend Token: Wörter, Teile von Wörtern, Zeichen. Text wird in sie zerschnitten, bevor das Modell ihn liest. Grenzen und Tempo werden in Token gezählt.</translation>
  </message>
  <message>
   <source>A piece of text, about three quarters of an English word: models read and write in tokens.</source>
   <translation>Ein Stück Text, etwa drei Viertel eines englischen Wortes: Modelle lesen und schreiben in Token.</translation>
  </message>
  <message>
   <source>A piece of the KV cache with room for 16 tokens, its slots.</source>
   <translation>Ein Stück des KV-Caches mit Raum für 16 Token, seine Plätze.</translation>
  </message>
  <message>
   <source>A prompt with its reply, as the cache sees it: one row of blocks.</source>
   <translation>Ein Prompt mit seiner Antwort, wie der Cache ihn sieht: eine Reihe von Blöcken.</translation>
  </message>
  <message>
   <source>A reply of a given form cannot break it: at each place only tokens may be chosen that the form allows, and the draft proposes only such. JSON is written on one line. What the model thinks before its answer stays free. It helps to say in the prompt what you want in the fields.</source>
   <translation>Eine Antwort kann von ihrer Form nicht abweichen: An jeder Stelle können nur Token gewählt werden, die die Form erlaubt, und der Entwurf schlägt nur solche vor. JSON steht in einer Zeile. Was das Modell vor seiner Antwort denkt, bleibt frei. Es hilft, im Prompt zu sagen, was in den Feldern stehen soll.</translation>
  </message>
  <message>
   <source>A round costs more than a plain step: drafting takes time, and so do the additional rows that are checked. Break-even is the acceptance rate at which both are equal, from the times measured in this reply. Above it drafting gains, below it loses.</source>
   <translation>Eine Runde kostet mehr als ein einfacher Schritt: Das Entwerfen braucht Zeit, ebenso die zusätzlichen Zeilen, die geprüft werden. Break-even ist die Annahmerate, bei der beides gleich ist, aus den Zeiten dieser Antwort. Darüber gewinnt das Entwerfen, darunter verliert es.</translation>
  </message>
  <message>
   <source>A server that writes the replies in place of this computer's engine.</source>
   <translation>Ein Server, der die Antworten anstelle der Engine dieses Computers schreibt.</translation>
  </message>
  <message>
   <source>A window that needs more than 33 ms for a frame looks choppy, and takes time from the engine. Close the live panel or other programs if it does.</source>
   <translation>Ein Fenster, das mehr als 33 ms je Bild braucht, wirkt ruckelig und nimmt der Engine Zeit. Dann das Live-Feld oder andere Programme schließen.</translation>
  </message>
  <message>
   <source>Above are all rounds: what was proposed and accepted, and where the time went. Click a round, or go with the arrow keys. Below are the tokens with their origins, the cache at that moment, the round in figures and the estimates for another k. A run can be saved as a file and opened on another computer.</source>
   <translation>Oben stehen alle Runden: was vorgeschlagen und angenommen wurde und wohin die Zeit ging. Eine Runde anklicken oder mit den Pfeiltasten gehen. Darunter stehen die Token mit ihrer Herkunft, der Cache in diesem Moment, die Runde in Zahlen und die Schätzungen für ein anderes k. Ein Lauf lässt sich als Datei speichern und auf einem anderen Computer öffnen.</translation>
  </message>
  <message>
   <source>Acceptance rate</source>
   <translation>Annahmerate</translation>
  </message>
  <message>
   <source>Accepted draft tokens divided by the draft tokens that the target scored. High: the draft guesses well, for example in code or lists. Low: the text is surprising.

Rolling is that of the last rounds, whole reply that since its start. Under 30 % k always shrinks.</source>
   <translation>Angenommene Entwurfstoken geteilt durch die Entwurfstoken, die das Zielmodell bewertet hat. Hoch: Der Entwurf rät gut, etwa bei Code oder Listen. Niedrig: Der Text überrascht.

Gleitend ist die der letzten Runden, ganze Antwort die seit ihrem Anfang. Unter 30 % sinkt k immer.</translation>
  </message>
  <message>
   <source>Accepted: the draft proposed it and the target agreed; underlined. Corrected: the target's own, in place of a draft token that it rejected; wavy line. Bonus: the target's own, after a draft that was accepted whole; dotted line. Plain: decoded without a draft; no line.

Rejected draft tokens can be shown in their place, struck through. They are not part of the reply.</source>
   <translation>Angenommen: Der Entwurf schlug es vor, und das Zielmodell stimmte zu; unterstrichen. Korrigiert: vom Zielmodell selbst, anstelle eines Entwurfstokens, das es verwarf; gewellte Linie. Bonus: vom Zielmodell selbst, nach einem ganz angenommenen Entwurf; gepunktet. Einfach: ohne Entwurf dekodiert; keine Linie.

Verworfene Entwurfstoken lassen sich an ihrer Stelle zeigen, durchgestrichen. Sie gehören nicht zur Antwort.</translation>
  </message>
  <message>
   <source>Adaptive k</source>
   <translation>Angepasstes k</translation>
  </message>
  <message>
   <source>After so many tokens a reply ends, finished or not.</source>
   <translation>Nach so vielen Token endet eine Antwort, fertig oder nicht.</translation>
  </message>
  <message>
   <source>An address on this computer where other programs get replies of the loaded model.</source>
   <translation>Eine Adresse auf diesem Computer, unter der andere Programme Antworten des geladenen Modells erhalten.</translation>
  </message>
  <message>
   <source>An estimate of the speed with another k, from this reply's own costs and acceptance.</source>
   <translation>Eine Schätzung des Tempos mit einem anderen k, aus den Kosten und der Annahme dieser Antwort.</translation>
  </message>
  <message>
   <source>Auto takes the first that works of DirectML, CUDA (which includes AMD's ROCm) and the CPU. A device that fails is given up for the CPU in the middle of the reply, and a notice says so.</source>
   <translation>Auto nimmt das Erste, was geht, von DirectML, CUDA (dazu gehört AMDs ROCm) und der CPU. Ein Gerät, das ausfällt, wird mitten in der Antwort für die CPU aufgegeben, und ein Hinweis sagt es.</translation>
  </message>
  <message>
   <source>Before the first token the model reads the whole prompt; what the cache holds is not read again.</source>
   <translation>Vor dem ersten Token liest das Modell den ganzen Prompt; was im Cache liegt, wird nicht noch einmal gelesen.</translation>
  </message>
  <message>
   <source>Benchmark</source>
   <translation>Benchmark</translation>
  </message>
  <message>
   <source>Block</source>
   <translation>Block</translation>
  </message>
  <message>
   <source>Blocks are handed out one by one as a reply grows, so no memory is reserved for text that is never written. A part-filled block is drawn part-filled. Drafted tokens take slots until they are judged; the slots of rejected ones are freed at once. When none is free, the block that was unused for the longest time is taken.</source>
   <translation>Blöcke werden einzeln ausgegeben, während eine Antwort wächst; für Text, der nie geschrieben wird, ist also kein Speicher reserviert. Ein teilweise gefüllter Block ist teilweise gefüllt gezeichnet. Entworfene Token belegen Plätze, bis über sie geurteilt ist; die Plätze verworfener werden sofort frei. Ist keiner frei, wird der Block genommen, der am längsten unbenutzt war.</translation>
  </message>
  <message>
   <source>Break-even</source>
   <translation>Break-even</translation>
  </message>
  <message>
   <source>Changes apply with Save. Some load the model again, which the text beside them says. Put the cursor into a field and press F1 to read what it does.</source>
   <translation>Änderungen gelten mit Speichern. Manche laden das Modell neu; das steht dann daneben. Den Cursor in ein Feld setzen und F1 drücken, um zu lesen, was es tut.</translation>
  </message>
  <message>
   <source>Chat</source>
   <translation>Chat</translation>
  </message>
  <message>
   <source>Chat template</source>
   <translation>Chat-Vorlage</translation>
  </message>
  <message>
   <source>Check this computer looks at drivers, devices, memory and folders and tries each device with a tiny model. Copy for a bug report takes everything along, without the name of your home folder.</source>
   <translation>Diesen Computer prüfen sieht nach Treibern, Geräten, Speicher und Ordnern und probiert jedes Gerät mit einem winzigen Modell aus. Bericht kopieren nimmt für einen Fehlerbericht alles mit, ohne den Namen des Benutzerordners.</translation>
  </message>
  <message>
   <source>Choose what is compared, type a prompt and press Enter. The two run one after the other from the same seed; then play both on one clock. The figures are of one reply each: to be sure, run a benchmark.</source>
   <translation>Wählen, was verglichen wird, einen Prompt eingeben und Eingabe drücken. Beide laufen nacheinander vom selben Seed; danach lassen sich beide nach einer Uhr abspielen. Die Zahlen sind von je einer Antwort: Sicherheit gibt ein Benchmark.</translation>
  </message>
  <message>
   <source>Compare</source>
   <translation>Vergleichen</translation>
  </message>
  <message>
   <source>Context</source>
   <translation>Kontext</translation>
  </message>
  <message>
   <source>Decode speed</source>
   <translation>Dekodiertempo</translation>
  </message>
  <message>
   <source>Device</source>
   <translation>Gerät</translation>
  </message>
  <message>
   <source>Diagnostics</source>
   <translation>Diagnose</translation>
  </message>
  <message>
   <source>Draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>Each bar is what a fixed k would have given, and the last one the additive policy, if drafts were as good everywhere as where they were made. The line is what was measured, the dashes the bound: every round drafts just what will be accepted. Hatched bars are beyond what this reply tried.</source>
   <translation>Jeder Balken ist, was ein festes k gebracht hätte, der letzte die additive Regel, falls Entwürfe überall so gut wären wie dort, wo sie gemacht wurden. Die Linie ist das Gemessene, die Striche die Grenze: Jede Runde entwirft genau, was angenommen wird. Schraffierte Balken liegen außerhalb dessen, was diese Antwort probiert hat.</translation>
  </message>
  <message>
   <source>Each prompt is answered by plain decoding and by Helix, turn about, several times. The figures come with 95 % intervals. Close other programs and let it run; the chat waits meanwhile. Each benchmark is kept in the list and can be exported or compared with another.</source>
   <translation>Jeder Prompt wird abwechselnd von einfacher Dekodierung und von Helix beantwortet, mehrere Male. Die Zahlen haben 95-%-Intervalle. Andere Programme schließen und ihn laufen lassen; der Chat wartet so lange. Jeder Benchmark bleibt in der Liste und lässt sich exportieren oder mit einem anderen vergleichen.</translation>
  </message>
  <message>
   <source>Each reply that is being written is a sequence and has a hue in the map. Sequences that begin alike share their first blocks, which are outlined.</source>
   <translation>Jede Antwort, die geschrieben wird, ist eine Sequenz und hat in der Karte eine Farbe. Sequenzen, die gleich beginnen, teilen sich ihre ersten Blöcke, die umrandet sind.</translation>
  </message>
  <message>
   <source>Each round drafts k tokens and runs the target once over them. Of the k, the first few that the target agrees with are kept; then it adds one token of its own: a correction after a rejected token, a bonus after a draft that was accepted whole.

A round with k = 0 is a step of plain decoding. The Inspect page shows every round of a reply.</source>
   <translation>Jede Runde entwirft k Token und lässt das Zielmodell einmal über sie laufen. Von den k bleiben die ersten, mit denen das Zielmodell übereinstimmt; dann fügt es ein eigenes Token an: eine Korrektur nach einem verworfenen Token, einen Bonus nach einem ganz angenommenen Entwurf.

Eine Runde mit k = 0 ist ein Schritt einfacher Dekodierung. Die Seite Untersuchen zeigt jede Runde einer Antwort.</translation>
  </message>
  <message>
   <source>Engine</source>
   <translation>Engine</translation>
  </message>
  <message>
   <source>Every action has a key.</source>
   <translation>Jede Aktion hat eine Taste.</translation>
  </message>
  <message>
   <source>F1 tells more.</source>
   <translation>F1 sagt mehr.</translation>
  </message>
  <message>
   <source>Figures</source>
   <translation>Zahlen</translation>
  </message>
  <message>
   <source>For each token a transformer keeps a key and a value in every layer. With them the next token costs one row of work instead of the whole text again.

Helix keeps them in blocks of 16 tokens. A block is free, used by a reply, shared by several, or cached: nobody needs it now, but a prompt that begins in the same way takes it over unread. The map shows each block.</source>
   <translation>Für jedes Token behält ein Transformer in jeder Schicht einen Schlüssel und einen Wert. Damit kostet das nächste Token eine Zeile Arbeit statt noch einmal den ganzen Text.

Helix hält sie in Blöcken von 16 Token. Ein Block ist frei, von einer Antwort benutzt, von mehreren geteilt oder zwischengespeichert: Niemand braucht ihn gerade, aber ein Prompt, der genauso beginnt, übernimmt ihn ungelesen. Die Karte zeigt jeden Block.</translation>
  </message>
  <message>
   <source>Form of replies</source>
   <translation>Form der Antworten</translation>
  </message>
  <message>
   <source>Frame time</source>
   <translation>Bildzeit</translation>
  </message>
  <message>
   <source>GPU, CPU, DirectML, CUDA, ROCm, adapter</source>
   <translation>GPU, CPU, DirectML, CUDA, ROCm, Adapter</translation>
  </message>
  <message>
   <source>Helix remembers which tokens followed which, so that later replies are drafted better.</source>
   <translation>Helix merkt sich, welche Token auf welche folgten, damit spätere Antworten besser entworfen werden.</translation>
  </message>
  <message>
   <source>How adventurous the choice of the next token is; 0 always takes the likeliest.</source>
   <translation>Wie abenteuerlich das nächste Token gewählt wird; 0 nimmt immer das wahrscheinlichste.</translation>
  </message>
  <message>
   <source>How long it took from sending the message to the first token of the reply.</source>
   <translation>Wie lange es vom Senden der Nachricht bis zum ersten Token der Antwort dauerte.</translation>
  </message>
  <message>
   <source>How long the window took to show what came, while a reply was written.</source>
   <translation>Wie lange das Fenster brauchte, um zu zeigen, was kam, während eine Antwort geschrieben wurde.</translation>
  </message>
  <message>
   <source>How many times as fast as plain decoding on the same weights; 1.0x is equally fast.</source>
   <translation>Wievielmal so schnell wie einfache Dekodierung auf denselben Gewichten; 1,0x ist gleich schnell.</translation>
  </message>
  <message>
   <source>How many tokens a pass of the target writes on average; plain decoding writes one.</source>
   <translation>Wie viele Token ein Durchgang des Zielmodells im Mittel schreibt; einfache Dekodierung schreibt eines.</translation>
  </message>
  <message>
   <source>How many tokens are drafted in a round; Helix adapts it to what pays.</source>
   <translation>Wie viele Token in einer Runde entworfen werden; Helix passt es an das an, was sich lohnt.</translation>
  </message>
  <message>
   <source>How many tokens of conversation the model can have before it, prompt and reply together.</source>
   <translation>Wie viele Token einer Unterhaltung das Modell vor sich haben kann, Prompt und Antwort zusammen.</translation>
  </message>
  <message>
   <source>How smoothly the window runs, and what is wrong with this computer.</source>
   <translation>Wie flüssig das Fenster läuft und was mit diesem Computer nicht stimmt.</translation>
  </message>
  <message>
   <source>How the target judges drafted tokens, so that the reply stays its own.</source>
   <translation>Wie das Zielmodell über Entwurfstoken urteilt, damit die Antwort seine eigene bleibt.</translation>
  </message>
  <message>
   <source>How the weights are computed with: packed as in the file, float32, bfloat16, float16 or int4.</source>
   <translation>Womit die Gewichte gerechnet werden: gepackt wie in der Datei, float32, bfloat16, float16 oder int4.</translation>
  </message>
  <message>
   <source>In a process of its own, a crash of a driver or a lack of memory does not take the window along: the reply goes on after a restart of the engine.</source>
   <translation>In einem eigenen Prozess reißt ein Absturz eines Treibers oder Speichermangel das Fenster nicht mit: Die Antwort geht nach einem Neustart der Engine weiter.</translation>
  </message>
  <message>
   <source>Inspect</source>
   <translation>Untersuchen</translation>
  </message>
  <message>
   <source>Intervals come from the spread between prompts and repeats. An interval of a speedup that holds 1.0 says: no significant difference. More prompts and repeats make it narrower.</source>
   <translation>Intervalle kommen von der Streuung zwischen Prompts und Wiederholungen. Ein Intervall einer Beschleunigung, das 1,0 enthält, sagt: kein signifikanter Unterschied. Mehr Prompts und Wiederholungen machen es enger.</translation>
  </message>
  <message>
   <source>It is a table of 8 MB a model, of hashed short sequences of tokens. It stays on this computer, and the settings switch it off and wipe it. The text of replies does not change.</source>
   <translation>Es ist eine Tabelle von 8 MB je Modell, aus gehashten kurzen Folgen von Token. Sie bleibt auf diesem Computer, und die Einstellungen schalten sie ab und löschen sie. Der Text von Antworten ändert sich nicht.</translation>
  </message>
  <message>
   <source>It is another Helix, or any server that speaks OpenAI's API. What it tells is shown: text, tokens and, of another Helix, how many drafts were accepted. Its rounds, cache and memory stay unknown. Conversations are kept here, and sent to it with every question.</source>
   <translation>Es ist ein anderes Helix oder ein beliebiger Server mit OpenAIs API. Was er mitteilt, wird angezeigt: Text, Tokens und bei einem anderen Helix, wie viele Entwürfe angenommen wurden. Seine Runden, sein Cache und sein Speicher bleiben unbekannt. Unterhaltungen werden hier aufbewahrt und ihm mit jeder Frage geschickt.</translation>
  </message>
  <message>
   <source>It is part of each request and counts as context. Some models do not know system prompts.</source>
   <translation>Er ist Teil jeder Anfrage und zählt zum Kontext. Manche Modelle kennen keinen Systemprompt.</translation>
  </message>
  <message>
   <source>It puts the marks around messages that the model learnt in training. Another one can be tried in one conversation, under Prompt and sampling: it is checked as you type, and the prompt that it makes can be looked at as tokens. Templates run in a sandbox that reaches no files and no network. A model without one, as base models are, continues the text that stands there, exactly as it is.</source>
   <translation>Sie setzt um Nachrichten die Zeichen, die das Modell beim Training gelernt hat. Unter Prompt und Sampling lässt sich in einer Unterhaltung eine andere probieren: Sie wird beim Schreiben geprüft, und der Prompt, den sie macht, lässt sich als Token ansehen. Vorlagen laufen abgeschirmt, ohne Zugriff auf Dateien und Netz. Ein Modell ohne Vorlage, wie es Basismodelle sind, setzt den Text fort, der dasteht, genau so, wie er ist.</translation>
  </message>
  <message>
   <source>It speaks OpenAI's API (chat completions, completions, responses, models), Anthropic's messages, and routes of its own. Set an editor's base URL to the address that is shown, and give it the key if you set one. Nothing leaves this computer or, if you allow it, your network.</source>
   <translation>Sie spricht die API von OpenAI (chat completions, completions, responses, models), die messages von Anthropic und eigene Routen. Im Editor die angezeigte Adresse als Basis-URL eintragen und den Schlüssel, falls einer gesetzt ist. Nichts verlässt diesen Computer oder, wenn erlaubt, das eigene Netzwerk.</translation>
  </message>
  <message>
   <source>K, draft length, number of speculative tokens, gamma, policy, additive, fixed</source>
   <translation>K, Länge des Entwurfs, Anzahl spekulativer Token, Gamma, Regel, additiv, fest, draft length</translation>
  </message>
  <message>
   <source>KV cache</source>
   <translation>KV-Cache</translation>
  </message>
  <message>
   <source>Keyboard</source>
   <translation>Tastatur</translation>
  </message>
  <message>
   <source>Keyboard shortcuts in the menu Help lists every key, finds it by a few letters and gives a command another one. Commands, beside it, does anything by a few letters of its name.

Tab goes from control to control, Ctrl with a number to a page. In the message field Enter sends, Shift+Enter begins a new line, and the up arrow brings back what was written before. In the list of conversations Enter opens, F2 renames and Delete deletes; Shift or Ctrl with a click marks several at once. F1 is this help, at what the mouse points to or the cursor is in.</source>
   <translation>Tastenkürzel im Menü Hilfe zeigt jede Taste, findet sie nach ein paar Buchstaben und gibt einem Befehl eine andere. Befehle, daneben, tut alles nach ein paar Buchstaben seines Namens.

Tab geht von Element zu Element, Strg mit einer Zahl zu einer Seite. Im Nachrichtenfeld sendet Eingabe, Umschalt+Eingabe beginnt eine neue Zeile, und der Pfeil nach oben holt zurück, was zuvor geschrieben wurde. In der Liste der Unterhaltungen öffnet Eingabe, F2 benennt um, und Entf löscht; Umschalt oder Strg mit einem Klick markiert mehrere auf einmal. F1 ist diese Hilfe, zu dem, worauf die Maus zeigt oder worin der Cursor steht.</translation>
  </message>
  <message>
   <source>Learning</source>
   <translation>Lernen</translation>
  </message>
  <message>
   <source>Let other programs use the model that is loaded here.</source>
   <translation>Andere Programme das hier geladene Modell nutzen lassen.</translation>
  </message>
  <message>
   <source>Live panel</source>
   <translation>Live-Feld</translation>
  </message>
  <message>
   <source>Loading</source>
   <translation>Laden</translation>
  </message>
  <message>
   <source>Local API</source>
   <translation>Lokale API</translation>
  </message>
  <message>
   <source>Longest reply</source>
   <translation>Längste Antwort</translation>
  </message>
  <message>
   <source>Look into a reply, round by round.</source>
   <translation>In eine Antwort hineinsehen, Runde für Runde.</translation>
  </message>
  <message>
   <source>Makes tokens that were used before less likely; 1 is off.</source>
   <translation>Macht Token, die schon vorkamen, weniger wahrscheinlich; 1 ist aus.</translation>
  </message>
  <message>
   <source>Measure how much faster Helix is here than plain decoding.</source>
   <translation>Messen, wie viel schneller Helix hier ist als einfache Dekodierung.</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>Speicher</translation>
  </message>
  <message>
   <source>Min-p</source>
   <translation>Min-p</translation>
  </message>
  <message>
   <source>Models</source>
   <translation>Modelle</translation>
  </message>
  <message>
   <source>Nearly all of it is reading the prompt, so it grows with the length of the text that is not in the KV cache yet. Speculation does not change it.</source>
   <translation>Fast alles davon ist das Lesen des Prompts; sie wächst also mit der Länge des Textes, der noch nicht im KV-Cache liegt. Spekulation ändert sie nicht.</translation>
  </message>
  <message>
   <source>Number format</source>
   <translation>Zahlenformat</translation>
  </message>
  <message>
   <source>On this computer are models that Helix downloaded, files and folders that you add or drop here, and those of LM Studio, Jan, Ollama and the Hugging Face cache, which are used where they are. Load takes one as target, Use as draft lets it propose tokens; a model that cannot run says why.

Downloads go on while you do something else. Pause keeps what has arrived, also when Helix ends; Resume goes on from there, and the file is checked when it is complete.</source>
   <translation>Auf diesem Computer stehen Modelle, die Helix heruntergeladen hat, Dateien und Ordner, die Sie hinzufügen oder hierher ziehen, und die von LM Studio, Jan, Ollama und dem Zwischenspeicher von Hugging Face, die dort benutzt werden, wo sie liegen. Laden nimmt eines als Zielmodell, Als Entwurf lässt es Token vorschlagen; ein Modell, das nicht läuft, sagt warum.

Downloads gehen weiter, während Sie etwas anderes tun. Anhalten behält, was angekommen ist, auch wenn Helix endet; Fortsetzen macht dort weiter, und die vollständige Datei wird geprüft.</translation>
  </message>
  <message>
   <source>One prompt, two ways to decode it, replayed side by side.</source>
   <translation>Ein Prompt, zwei Arten der Dekodierung, nebeneinander abgespielt.</translation>
  </message>
  <message>
   <source>One reply is one throw of the dice: the machine was busier or not, the text easier or not. A benchmark repeats and gives an interval; only where it leaves 1.0x out is the difference real.</source>
   <translation>Eine Antwort ist ein Wurf mit dem Würfel: Der Rechner war mehr oder weniger beschäftigt, der Text leichter oder nicht. Ein Benchmark wiederholt und gibt ein Intervall; nur wo es 1,0x ausschließt, ist der Unterschied echt.</translation>
  </message>
  <message>
   <source>One token a pass of the target, with no draft: what speculative decoding is compared with.</source>
   <translation>Ein Token je Durchgang des Zielmodells, ohne Entwurf: das, womit spekulatives Dekodieren verglichen wird.</translation>
  </message>
  <message>
   <source>One turn of drafting and checking: k tokens are proposed, one pass of the target judges them.</source>
   <translation>Einmal entwerfen und prüfen: k Token werden vorgeschlagen, ein Durchgang des Zielmodells urteilt über sie.</translation>
  </message>
  <message>
   <source>Only so many of the likeliest tokens may be chosen; 0 keeps all.</source>
   <translation>Nur so viele der wahrscheinlichsten Token dürfen gewählt werden; 0 behält alle.</translation>
  </message>
  <message>
   <source>Only the likeliest tokens may be chosen that together have this probability; 1 keeps all.</source>
   <translation>Nur die wahrscheinlichsten Token dürfen gewählt werden, die zusammen diese Wahrscheinlichkeit haben; 1 behält alle.</translation>
  </message>
  <message>
   <source>Pages</source>
   <translation>Seiten</translation>
  </message>
  <message>
   <source>Plain decoding</source>
   <translation>Einfache Dekodierung</translation>
  </message>
  <message>
   <source>Plain decoding is how models usually write: a pass, a token, the next pass. It is the yardstick of every comparison in Helix: the dashed line in the speed plot, the other side on the Compare page, the first column of a benchmark.

On the command line and in files its name is autoregressive.</source>
   <translation>So schreiben Modelle gewöhnlich: ein Durchgang, ein Token, der nächste Durchgang. Das ist der Maßstab jedes Vergleichs in Helix: die gestrichelte Linie im Tempo-Diagramm, die andere Seite auf der Seite Vergleichen, die erste Spalte eines Benchmarks.

Auf der Kommandozeile und in Dateien heißt sie autoregressive.</translation>
  </message>
  <message>
   <source>RAM, VRAM, free memory, weights</source>
   <translation>RAM, VRAM, freier Speicher, Gewichte</translation>
  </message>
  <message>
   <source>Random choices come from a list of numbers that the seed fixes. With a seed, verification is coupled: the text does not depend on what is drafted.</source>
   <translation>Zufällige Entscheidungen kommen aus einer Liste von Zahlen, die der Seed festlegt. Mit einem Seed ist die Prüfung gekoppelt: Der Text hängt nicht davon ab, was entworfen wird.</translation>
  </message>
  <message>
   <source>Reading the prompt</source>
   <translation>Lesen des Prompts</translation>
  </message>
  <message>
   <source>Rejection accepts a drafted token with the probability min(1, p/q), where p is what the target and q what the draft gave it, and draws from what is left over otherwise: the text follows the target's own distribution.

Coupled ties each choice to the seed, so that the very same text comes out whatever is drafted. It is used when a seed is set.</source>
   <translation>Verwerfen nimmt ein Entwurfstoken mit der Wahrscheinlichkeit min(1, p/q) an, wobei p die des Zielmodells und q die des Entwurfs ist, und zieht sonst aus dem, was übrig bleibt: Der Text folgt der Verteilung des Zielmodells.

Gekoppelt bindet jede Entscheidung an den Seed, sodass genau derselbe Text entsteht, was auch entworfen wird. Es wird benutzt, wenn ein Seed gesetzt ist.</translation>
  </message>
  <message>
   <source>Remote engine</source>
   <translation>Entfernte Engine</translation>
  </message>
  <message>
   <source>Repetition penalty</source>
   <translation>Wiederholungsstrafe</translation>
  </message>
  <message>
   <source>Replies are free text, or JSON that other programs can read, also by a schema of yours.</source>
   <translation>Antworten sind freier Text oder JSON, das andere Programme lesen können, auch nach einem Schema von Ihnen.</translation>
  </message>
  <message>
   <source>Round</source>
   <translation>Runde</translation>
  </message>
  <message>
   <source>Sampling</source>
   <translation>Sampling</translation>
  </message>
  <message>
   <source>Sampling, conversation, engine and appearance.</source>
   <translation>Sampling, Unterhaltung, Engine und Darstellung.</translation>
  </message>
  <message>
   <source>Seed</source>
   <translation>Seed</translation>
  </message>
  <message>
   <source>Sequence</source>
   <translation>Sequenz</translation>
  </message>
  <message>
   <source>Server</source>
   <translation>Server</translation>
  </message>
  <message>
   <source>Settings</source>
   <translation>Einstellungen</translation>
  </message>
  <message>
   <source>Speculation</source>
   <translation>Spekulation</translation>
  </message>
  <message>
   <source>Speculative decoding</source>
   <translation>Spekulatives Dekodieren</translation>
  </message>
  <message>
   <source>Speedup</source>
   <translation>Beschleunigung</translation>
  </message>
  <message>
   <source>Start answers requests in the form of OpenAI's and Anthropic's API at the address shown. Only this computer reaches it, unless you let your network, which needs a key. Replies for other programs are written beside your own; each can be stopped.</source>
   <translation>Nach dem Start werden Anfragen in der Form der API von OpenAI und Anthropic unter der angezeigten Adresse beantwortet. Nur dieser Computer erreicht sie, außer das Netzwerk wird zugelassen, was einen Schlüssel braucht. Antworten für andere Programme entstehen neben den eigenen; jede lässt sich anhalten.</translation>
  </message>
  <message>
   <source>System prompt</source>
   <translation>Systemprompt</translation>
  </message>
  <message>
   <source>TTFT, latency, time to first token, first token</source>
   <translation>TTFT, Latenz, Zeit bis zum ersten Token, erstes Token, time to first token</translation>
  </message>
  <message>
   <source>Target</source>
   <translation>Zielmodell</translation>
  </message>
  <message>
   <source>Temperature</source>
   <translation>Temperatur</translation>
  </message>
  <message>
   <source>Text and cache</source>
   <translation>Text und Cache</translation>
  </message>
  <message>
   <source>The acceptance rate from which drafting is faster than plain decoding here.</source>
   <translation>Die Annahmerate, ab der Entwerfen hier schneller ist als einfache Dekodierung.</translation>
  </message>
  <message>
   <source>The model itself, the memory that is free and the setting Context limit it; the smallest counts. When a conversation is longer, begin a new chat, shorten the message or set a larger context in Settings, Engine.</source>
   <translation>Das Modell selbst, der freie Speicher und die Einstellung Kontext begrenzen ihn; das Kleinste zählt. Wird eine Unterhaltung länger: eine neue beginnen, die Nachricht kürzen oder in Einstellungen, Engine einen größeren Kontext setzen.</translation>
  </message>
  <message>
   <source>The model usually ends by itself before. The context may end a reply sooner.</source>
   <translation>Meist endet das Modell vorher von selbst. Der Kontext kann eine Antwort früher beenden.</translation>
  </message>
  <message>
   <source>The model whose words you read; it checks every drafted token.</source>
   <translation>Das Modell, dessen Worte zu lesen sind; es prüft jedes Entwurfstoken.</translation>
  </message>
  <message>
   <source>The part of Helix that runs the model; by default a process of its own.</source>
   <translation>Der Teil von Helix, der das Modell laufen lässt; gewöhnlich ein eigener Prozess.</translation>
  </message>
  <message>
   <source>The program, in Jinja, that makes a prompt of the messages; it comes with the model.</source>
   <translation>Das Programm, in Jinja, das aus den Nachrichten einen Prompt macht; es kommt mit dem Modell.</translation>
  </message>
  <message>
   <source>The prompt is read in chunks of many tokens at once. In a chat most of it was read in the turn before and is still in the KV cache, so only the new part is read.</source>
   <translation>Der Prompt wird in Stücken aus vielen Token auf einmal gelesen. In einer Unterhaltung wurde das meiste schon im Zug davor gelesen und liegt noch im KV-Cache, daher wird nur das Neue gelesen.</translation>
  </message>
  <message>
   <source>The same seed and prompt write the same reply, drafted or not; empty draws a new one.</source>
   <translation>Derselbe Seed und Prompt schreiben dieselbe Antwort, mit Entwurf oder ohne; leer wird ein neuer gezogen.</translation>
  </message>
  <message>
   <source>The share of the drafted tokens that the target agreed with, of those it looked at.</source>
   <translation>Der Anteil der Entwurfstoken, mit denen das Zielmodell übereinstimmte, von denen, die es ansah.</translation>
  </message>
  <message>
   <source>The target is the model that answers. Whatever is drafted, each token of the reply is one that the target itself accepts or chooses, so the text is the target's own.

Choose it in the toolbar: a model of the catalogue, a .gguf file or a folder of safetensors.</source>
   <translation>Das Zielmodell ist das Modell, das antwortet. Was auch entworfen wird: Jedes Token der Antwort nimmt das Zielmodell selbst an oder wählt es selbst, der Text ist also sein eigener.

Es wird oben in der Leiste gewählt: ein Modell des Katalogs, eine .gguf-Datei oder ein Ordner mit safetensors.</translation>
  </message>
  <message>
   <source>The time until the first token is not part of it: that is reading the prompt, and has a figure of its own. The dashed line in the plot is what plain decoding gives here, as measured in between.</source>
   <translation>Die Zeit bis zum ersten Token gehört nicht dazu: Das ist das Lesen des Prompts und hat eine eigene Zahl. Die gestrichelte Linie im Diagramm ist, was einfache Dekodierung hier bringt, zwischendurch gemessen.</translation>
  </message>
  <message>
   <source>The tokens of a reply divided by the passes of the target that wrote them. It bounds the gain: with 2.9 tokens per pass speculation cannot be more than 2.9 times as fast as plain decoding, and is less, as drafting costs time too.</source>
   <translation>Die Token einer Antwort geteilt durch die Durchgänge des Zielmodells, die sie schrieben. Das begrenzt den Gewinn: Mit 2,9 Token je Durchgang kann Spekulation nicht mehr als 2,9-mal so schnell sein wie einfache Dekodierung, und sie ist weniger, denn auch Entwerfen kostet Zeit.</translation>
  </message>
  <message>
   <source>Three plots over the seconds of this session: acceptance rate, adaptive k and decode speed. Turn the wheel over a plot to look at a shorter time, double-click to return. Below is the map of the KV cache, a cell a block; point at one to read what it holds.</source>
   <translation>Drei Diagramme über die Sekunden dieser Sitzung: Annahmerate, angepasstes k und Dekodiertempo. Über einem Diagramm am Rad drehen zeigt eine kürzere Zeit, ein Doppelklick führt zurück. Darunter ist die Karte des KV-Caches, eine Zelle je Block; auf eine zeigen, um zu lesen, was sie enthält.</translation>
  </message>
  <message>
   <source>Time to first token (TTFT)</source>
   <translation>Zeit zum ersten Token (TTFT)</translation>
  </message>
  <message>
   <source>Token</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>Token origins</source>
   <translation>Herkunft der Token</translation>
  </message>
  <message>
   <source>Tokens are dropped whose probability is under this share of the likeliest one's; 0 keeps all.</source>
   <translation>Token fallen weg, deren Wahrscheinlichkeit unter diesem Anteil der des wahrscheinlichsten liegt; 0 behält alle.</translation>
  </message>
  <message>
   <source>Tokens per pass</source>
   <translation>Token je Durchgang</translation>
  </message>
  <message>
   <source>Tokens written per second, from the first token on.</source>
   <translation>Geschriebene Token je Sekunde, vom ersten Token an.</translation>
  </message>
  <message>
   <source>Top-k</source>
   <translation>Top-k</translation>
  </message>
  <message>
   <source>Top-p</source>
   <translation>Top-p</translation>
  </message>
  <message>
   <source>Type below and press Enter; Shift+Enter begins a new line, Esc stops the reply. Under a reply are its figures and buttons: copy, write again, edit, and under the three dots show where the tokens came from, look into it, save it as a run, branch, delete.

Nothing is replaced: an edited question, a reply that was written again and one that you edited stand beside the first one, and the arrows between them turn the versions. Continue lets the model go on from the text of an edited reply.

Files that are dropped on the conversation go into the message. Conversations are kept on this computer as they grow, and listed at the left; search looks into all of them.

The bar above chooses target, draft, decoding, device and number format.</source>
   <translation>Unten eingeben und Eingabe drücken; Umschalt+Eingabe beginnt eine neue Zeile, Esc stoppt die Antwort. Unter einer Antwort stehen ihre Zahlen und Knöpfe: kopieren, neu schreiben, bearbeiten, und unter den drei Punkten zeigen, woher die Token kamen, hineinsehen, als Lauf speichern, abzweigen, löschen.

Nichts wird ersetzt: Eine bearbeitete Frage, eine neu geschriebene Antwort und eine, die Sie bearbeitet haben, stehen neben der ersten, und die Pfeile dazwischen blättern durch die Fassungen. Mit „Fortsetzen“ schreibt das Modell vom Text einer bearbeiteten Antwort aus weiter.

Dateien, die auf der Unterhaltung abgelegt werden, kommen in die Nachricht. Unterhaltungen werden auf diesem Computer aufbewahrt, während sie wachsen, und stehen links; die Suche sieht in alle hinein.

Die Leiste oben wählt Zielmodell, Entwurf, Dekodierung, Gerät und Zahlenformat.</translation>
  </message>
  <message>
   <source>Under 1 likely tokens become likelier, above 1 unlikely ones do. At 0 the reply is the same each time, which is called greedy.</source>
   <translation>Unter 1 werden wahrscheinliche Token wahrscheinlicher, über 1 unwahrscheinliche. Bei 0 ist die Antwort jedes Mal dieselbe; das heißt greedy.</translation>
  </message>
  <message>
   <source>Verification</source>
   <translation>Prüfung</translation>
  </message>
  <message>
   <source>Weights take most of it, then the KV cache, which grows with the context; a draft model and a copy of the target in fewer bits come on top.

If it is short, choose a smaller model or a shorter context, or close other programs. On a graphics card its own memory is shown where the driver tells it.</source>
   <translation>Das meiste davon sind die Gewichte, dann der KV-Cache, der mit dem Kontext wächst; ein Entwurfsmodell und eine Kopie des Zielmodells in weniger Bit kommen dazu.

Wird er knapp: ein kleineres Modell oder einen kürzeren Kontext wählen oder andere Programme schließen. Bei einer Grafikkarte wird ihr eigener Speicher gezeigt, wo der Treiber ihn nennt.</translation>
  </message>
  <message>
   <source>What Helix and the loaded model take now, beside what is free on this computer.</source>
   <translation>Was Helix und das geladene Modell jetzt belegen, neben dem, was auf diesem Computer frei ist.</translation>
  </message>
  <message>
   <source>What computes: a graphics card through DirectML or CUDA, or the CPU.</source>
   <translation>Was rechnet: eine Grafikkarte über DirectML oder CUDA, oder die CPU.</translation>
  </message>
  <message>
   <source>What guesses the next tokens cheaply, so that the target can check several at once.</source>
   <translation>Was die nächsten Token billig errät, damit das Zielmodell mehrere auf einmal prüfen kann.</translation>
  </message>
  <message>
   <source>What if?</source>
   <translation>Was wäre, wenn?</translation>
  </message>
  <message>
   <source>What is on this computer, what Helix suggests, and what the hub has.</source>
   <translation>Was auf diesem Computer ist, was Helix vorschlägt und was der Hub hat.</translation>
  </message>
  <message>
   <source>What the engine does right now.</source>
   <translation>Was die Engine gerade tut.</translation>
  </message>
  <message>
   <source>What the model is told before the conversation; empty sends nothing.</source>
   <translation>Was dem Modell vor der Unterhaltung gesagt wird; leer sendet nichts.</translation>
  </message>
  <message>
   <source>What the model remembers of the tokens it has read, so that no token is read twice.</source>
   <translation>Was sich das Modell von gelesenen Token merkt, damit kein Token zweimal gelesen wird.</translation>
  </message>
  <message>
   <source>When the context is full</source>
   <translation>Wenn der Kontext voll ist</translation>
  </message>
  <message>
   <source>Where each token came from: accepted, corrected, bonus or plain.</source>
   <translation>Woher jedes Token kam: angenommen, korrigiert, Bonus oder einfach.</translation>
  </message>
  <message>
   <source>Where the model is sure few tokens are left, where it is not many are.</source>
   <translation>Wo das Modell sicher ist, bleiben wenige Token übrig, wo nicht, viele.</translation>
  </message>
  <message>
   <source>Where the true figure most likely lies: of a hundred such intervals, 95 hold it.</source>
   <translation>Wo die wahre Zahl am ehesten liegt: Von hundert solchen Intervallen enthalten 95 sie.</translation>
  </message>
  <message>
   <source>With 0.05 a token must be at least a twentieth as likely as the likeliest one.</source>
   <translation>Mit 0,05 muss ein Token mindestens ein Zwanzigstel so wahrscheinlich sein wie das wahrscheinlichste.</translation>
  </message>
  <message>
   <source>With “Stop” nothing is ever left out: a message that no longer fits comes back, and you can load the model with a larger context or begin a new conversation.

With “Drop oldest”, as few of the oldest turns as need be are not sent, a turn being a question with its answers. The system prompt and your latest message always are; of a text that is continued, only its end. A line in the conversation shows from where on is sent, and so does the bar of the context. Nothing is deleted: with a larger context all of it is sent again.</source>
   <translation>Mit „Stoppen“ wird nie etwas weggelassen: Eine Nachricht, die nicht mehr passt, kommt zurück, und das Modell lässt sich mit größerem Kontext laden oder eine neue Unterhaltung beginnen.

Mit „Älteste weglassen“ werden so wenige der ältesten Züge wie nötig nicht gesendet, ein Zug ist eine Frage mit ihren Antworten. Der Systemprompt und die letzte Nachricht werden immer gesendet; von einem Text, der fortgesetzt wird, nur sein Ende. Eine Linie in der Unterhaltung zeigt, ab wo gesendet wird, ebenso der Balken des Kontexts. Nichts wird gelöscht: Mit größerem Kontext wird alles wieder gesendet.</translation>
  </message>
  <message>
   <source>Write with the model.</source>
   <translation>Mit dem Modell schreiben.</translation>
  </message>
  <message>
   <source>accepted, accept rate, hit rate</source>
   <translation>angenommen, Trefferquote, acceptance rate, hit rate</translation>
  </message>
  <message>
   <source>accepted, corrected, bonus, rejected, provenance</source>
   <translation>angenommen, korrigiert, Bonus, verworfen, Quelle, provenance</translation>
  </message>
  <message>
   <source>autoregressive, baseline, without speculation, reference</source>
   <translation>autoregressiv, Vergleichsgrundlage, ohne Spekulation, Referenz, autoregressive, baseline</translation>
  </message>
  <message>
   <source>confidence interval, significant, noise, noisy, verdict</source>
   <translation>Konfidenzintervall, signifikant, Rauschen, unruhig, Urteil</translation>
  </message>
  <message>
   <source>context length, context window, n_ctx</source>
   <translation>Kontextlänge, Kontextfenster, n_ctx, context window</translation>
  </message>
  <message>
   <source>context policy, truncation, sliding window</source>
   <translation>Kontextregel, Kürzen, gleitendes Fenster, context policy, truncation</translation>
  </message>
  <message>
   <source>draft model, draft head, EAGLE, assistant model, drafter, n-gram, self</source>
   <translation>Entwurfsmodell, Entwurfskopf, EAGLE, Hilfsmodell, N-Gramm, selbst, draft model, drafter</translation>
  </message>
  <message>
   <source>estimate, projection</source>
   <translation>Schätzung, Hochrechnung</translation>
  </message>
  <message>
   <source>fp32, bf16, fp16, precision, quantisation, packed, Q4_K_M, dtype, float32, bfloat16, float16, int4</source>
   <translation>fp32, bf16, fp16, Genauigkeit, Quantisierung, gepackt, Q4_K_M, dtype, float32, bfloat16, float16, int4, packed</translation>
  </message>
  <message>
   <source>greedy, randomness, creativity</source>
   <translation>greedy, Zufälligkeit, Kreativität</translation>
  </message>
  <message>
   <source>jinja, prompt format</source>
   <translation>Jinja, Prompt-Format, chat template</translation>
  </message>
  <message>
   <source>k is the number of tokens that the draft proposes in a round. Many are worth it while the target keeps agreeing; few, or none, while it does not.

With Auto, Helix measures what drafting and checking cost here and takes the k that promises the most tokens per second; 0 is a legal answer. Additive goes up by one while nearly all is accepted and down while little is. Fixed always takes the same k. Choose in Settings, Engine.</source>
   <translation>k ist die Anzahl der Token, die der Entwurf in einer Runde vorschlägt. Viele lohnen sich, solange das Zielmodell zustimmt; wenige oder keine, solange nicht.

Mit Auto misst Helix, was Entwerfen und Prüfen hier kosten, und nimmt das k, das die meisten Token je Sekunde verspricht; auch 0 ist erlaubt. Additiv geht um eins hinauf, solange fast alles angenommen wird, und hinunter, solange wenig. Fest nimmt immer dasselbe k. Zu wählen in Einstellungen, Engine.</translation>
  </message>
  <message>
   <source>key-value cache, paged attention, cache, memory</source>
   <translation>Schlüssel-Wert-Cache, Paged Attention, Cache, Speicher, key-value cache</translation>
  </message>
  <message>
   <source>max tokens, limit, length</source>
   <translation>max tokens, Grenze, Länge</translation>
  </message>
  <message>
   <source>mean accepted length, block efficiency, tau</source>
   <translation>mittlere angenommene Länge, mean accepted length, block efficiency, tau</translation>
  </message>
  <message>
   <source>n-gram table, forget, privacy</source>
   <translation>N-Gramm-Tabelle, vergessen, Datenschutz</translation>
  </message>
  <message>
   <source>nucleus sampling</source>
   <translation>Nucleus-Sampling</translation>
  </message>
  <message>
   <source>packed multiplies with the file's own blocks of 2 to 8 bits: nothing is unpacked, and memory is the file. On a CPU a reply is then the same to the last bit with speculation and without; what the weights are multiplied with is rounded to eight bits, as other programs for such files do. On a CUDA card it takes Triton, and kernels that passed their trial on that card.

float32 is exact and takes four bytes a weight. bfloat16 and float16 take two and are as good in nearly all texts. int4 runs a Q4_0 or Q4_1 file on its own four-bit integers, and rounds others to them: an approximation.

Auto takes packed for a packed file on a CPU, and on a CUDA card where it is as fast as 16 bits, else the fastest that gives the model's own text.</source>
   <translation>gepackt rechnet mit den Blöcken der Datei selbst, 2 bis 8 Bit: Nichts wird entpackt, und der Speicher ist die Datei. Auf der CPU ist eine Antwort dann bis aufs letzte Bit dieselbe, mit Spekulation oder ohne; womit die Gewichte multipliziert werden, wird auf acht Bit gerundet, wie es andere Programme für solche Dateien auch tun. Auf einer CUDA-Karte braucht es Triton und Kernel, die ihre Probe auf dieser Karte bestanden haben.

float32 ist genau und braucht vier Bytes je Gewicht. bfloat16 und float16 brauchen zwei und sind in fast allen Texten ebenso gut. int4 rechnet eine Datei in Q4_0 oder Q4_1 mit ihren eigenen Vier-Bit-Zahlen und rundet andere darauf: eine Näherung.

Auto nimmt gepackt für eine gepackte Datei auf der CPU und auf einer CUDA-Karte, wo es so schnell wie 16 Bit ist, sonst das Schnellste, das den Text des Modells ergibt.</translation>
  </message>
  <message>
   <source>page, slot, paged</source>
   <translation>Seite, Platz, paged</translation>
  </message>
  <message>
   <source>pays, worth it</source>
   <translation>lohnt sich, rentabel</translation>
  </message>
  <message>
   <source>prefill, prompt processing, prefix hit</source>
   <translation>Prefill, Verarbeiten des Prompts, Präfixtreffer</translation>
  </message>
  <message>
   <source>process, crash</source>
   <translation>Prozess, Absturz</translation>
  </message>
  <message>
   <source>random, reproducible</source>
   <translation>Startwert, zufällig, wiederholbar</translation>
  </message>
  <message>
   <source>rejection sampling, coupled, lossless, p, q</source>
   <translation>Rejection Sampling, gekoppelt, verlustfrei, p, q</translation>
  </message>
  <message>
   <source>request, conversation</source>
   <translation>Anfrage, Unterhaltung</translation>
  </message>
  <message>
   <source>server, OpenAI, Anthropic, endpoint, port</source>
   <translation>Server, OpenAI, Anthropic, Endpunkt, Port</translation>
  </message>
  <message>
   <source>server, remote, OpenAI, address, key</source>
   <translation>Server, entfernt, OpenAI, Adresse, Schlüssel</translation>
  </message>
  <message>
   <source>smoothness, stutter, FPS</source>
   <translation>flüssig, Ruckeln, FPS</translation>
  </message>
  <message>
   <source>speculation, assisted generation, lossless, mode</source>
   <translation>Spekulation, verlustfrei, Modus, assisted generation</translation>
  </message>
  <message>
   <source>speed-up, faster, gain, over plain</source>
   <translation>Speedup, schneller, Gewinn, gegenüber einfach</translation>
  </message>
  <message>
   <source>step, pass, iteration</source>
   <translation>Schritt, Durchgang, Iteration</translation>
  </message>
  <message>
   <source>structured output, JSON schema, grammar</source>
   <translation>strukturierte Ausgabe, JSON-Schema, Grammatik</translation>
  </message>
  <message>
   <source>target model, main model, LLM</source>
   <translation>Zielmodell, Hauptmodell, LLM</translation>
  </message>
  <message>
   <source>tokenizer, vocabulary</source>
   <translation>Tokenizer, Vokabular</translation>
  </message>
  <message>
   <source>tokens per second, tok/s, throughput</source>
   <translation>Token je Sekunde, tok/s, Durchsatz</translation>
  </message>
 </context>
 <context>
  <name>help_page</name>
  <message>
   <source>Also called: {words}</source>
   <translation>Auch: {words}</translation>
  </message>
  <message>
   <source>See also: {links}</source>
   <translation>Siehe auch: {links}</translation>
  </message>
 </context>
 <context>
  <name>inspect</name>
  <message>
   <source>Draft probability q = {q}</source>
   <translation>Wahrscheinlichkeit des Entwurfs q = {q}</translation>
  </message>
  <message>
   <source>Drafted by: {source}</source>
   <translation>Entworfen von: {source}</translation>
  </message>
  <message>
   <source>First token: the prompt's own pass gave it</source>
   <translation>Erstes Token: Es kam vom Durchgang des Prompts selbst</translation>
  </message>
  <message>
   <source>In place of {text}, which was rejected:</source>
   <translation>Anstelle von {text}, das verworfen wurde:</translation>
  </message>
  <message>
   <source>Likeliest here: {best}</source>
   <translation>Hier am wahrscheinlichsten: {best}</translation>
  </message>
  <message>
   <source>Round {n}, k = {k}</source>
   <translation>Runde {n}, k = {k}</translation>
  </message>
  <message>
   <source>Slot {slot}</source>
   <translation>Platz {slot}</translation>
  </message>
  <message>
   <source>Slot {slot}, in block {block}</source>
   <translation>Platz {slot}, in Block {block}</translation>
  </message>
  <message>
   <source>Target probability p = {p}</source>
   <translation>Wahrscheinlichkeit des Zielmodells p = {p}</translation>
  </message>
  <message>
   <source>a head made for the target</source>
   <translation>ein Kopf, der für das Ziel gemacht wurde</translation>
  </message>
  <message>
   <source>accepted: the draft proposed it, the target agreed</source>
   <translation>angenommen: vom Entwurf vorgeschlagen, vom Zielmodell bestätigt</translation>
  </message>
  <message>
   <source>bonus: the target's own, after a fully accepted draft</source>
   <translation>Bonus: vom Zielmodell selbst, nach einem ganz angenommenen Entwurf</translation>
  </message>
  <message>
   <source>corrected: the target's own, after a rejected draft token</source>
   <translation>korrigiert: vom Zielmodell selbst, nach einem verworfenen Entwurfstoken</translation>
  </message>
  <message>
   <source>draft model</source>
   <translation>Entwurfsmodell</translation>
  </message>
  <message>
   <source>draft model, re-encoded</source>
   <translation>Entwurfsmodell, umkodiert</translation>
  </message>
  <message>
   <source>dropped: it came after a rejected one</source>
   <translation>entfallen: Es kam nach einem verworfenen</translation>
  </message>
  <message>
   <source>min(1, p/q) = {r}</source>
   <translation>min(1, p/q) = {r}</translation>
  </message>
  <message>
   <source>n-gram of {n}</source>
   <translation>N-Gramm aus {n}</translation>
  </message>
  <message>
   <source>n-gram table, {n:token|tokens} of context</source>
   <translation>N-Gramm-Tabelle, {n:Token|Token} Kontext</translation>
  </message>
  <message>
   <source>plain: decoded without a draft</source>
   <translation>einfach: ohne Entwurf dekodiert</translation>
  </message>
  <message>
   <source>q = {q}, p = {p}, min(1, p/q) = {r}</source>
   <translation>q = {q}, p = {p}, min(1, p/q) = {r}</translation>
  </message>
  <message>
   <source>rejected by the target</source>
   <translation>vom Zielmodell verworfen</translation>
  </message>
  <message>
   <source>the grammar</source>
   <translation>die Grammatik</translation>
  </message>
  <message>
   <source>the target in fewer bits</source>
   <translation>das Zielmodell in weniger Bit</translation>
  </message>
  <message>
   <source>the target's own layer</source>
   <translation>die eigene Schicht des Zielmodells</translation>
  </message>
 </context>
 <context>
  <name>library</name>
  <message>
   <source>A benchmark needs {model}, so its files have to stay until it is over</source>
   <translation>Ein Benchmark braucht {model}, daher müssen seine Dateien bis zum Ende bleiben</translation>
  </message>
  <message>
   <source>A comparison needs {model}, so its files have to stay until it is over</source>
   <translation>Ein Vergleich braucht {model}, daher müssen seine Dateien bis zum Ende bleiben</translation>
  </message>
  <message>
   <source>Best draft: n-grams, which need no download</source>
   <translation>Bester Entwurf: N-Gramme, die keinen Download brauchen</translation>
  </message>
  <message>
   <source>Best draft: {draft}</source>
   <translation>Bester Entwurf: {draft}</translation>
  </message>
  <message>
   <source>Best draft: {draft}, {size} to download</source>
   <translation>Bester Entwurf: {draft}, {size} herunterzuladen</translation>
  </message>
  <message>
   <source>For {size} GB of memory</source>
   <translation>Für {size} GB Speicher</translation>
  </message>
  <message>
   <source>For {size} GB of memory: more than this computer has</source>
   <translation>Für {size} GB Speicher: mehr, als dieser Computer hat</translation>
  </message>
  <message>
   <source>Helix does not run models of the kind {architecture} yet.</source>
   <translation>Modelle der Art {architecture} führt Helix noch nicht aus.</translation>
  </message>
  <message>
   <source>added by you</source>
   <translation>von Ihnen hinzugefügt</translation>
  </message>
  <message>
   <source>context {tokens}</source>
   <translation>Kontext {tokens}</translation>
  </message>
  <message>
   <source>continues text, has no chat template</source>
   <translation>setzt Text fort, hat keine Chat-Vorlage</translation>
  </message>
  <message>
   <source>d MMM yyyy</source>
   <translation>d. MMM yyyy</translation>
  </message>
  <message>
   <source>downloaded by Helix</source>
   <translation>von Helix heruntergeladen</translation>
  </message>
  <message>
   <source>from Jan</source>
   <translation>aus Jan</translation>
  </message>
  <message>
   <source>from LM Studio</source>
   <translation>aus LM Studio</translation>
  </message>
  <message>
   <source>from Ollama</source>
   <translation>aus Ollama</translation>
  </message>
  <message>
   <source>from the Hugging Face cache</source>
   <translation>aus dem Zwischenspeicher von Hugging Face</translation>
  </message>
  <message>
   <source>needs an access token</source>
   <translation>braucht ein Zugangstoken</translation>
  </message>
  <message>
   <source>never used</source>
   <translation>nie benutzt</translation>
  </message>
  <message>
   <source>size unknown</source>
   <translation>Größe unbekannt</translation>
  </message>
  <message>
   <source>used {day}</source>
   <translation>benutzt am {day}</translation>
  </message>
  <message>
   <source>{model} is loaded, so its files have to stay</source>
   <translation>{model} ist geladen, daher müssen seine Dateien bleiben</translation>
  </message>
  <message>
   <source>{n:download|downloads}</source>
   <translation>{n:Download|Downloads}</translation>
  </message>
  <message>
   <source>{n:file|files}</source>
   <translation>{n:Datei|Dateien}</translation>
  </message>
 </context>
 <context>
  <name>menus</name>
  <message>
   <source>&amp;About Helix</source>
   <translation>Über &amp;Helix</translation>
  </message>
  <message>
   <source>&amp;Attach a file…</source>
   <translation>Datei &amp;anhängen…</translation>
  </message>
  <message>
   <source>&amp;Chat</source>
   <translation>&amp;Chat</translation>
  </message>
  <message>
   <source>&amp;Commands…</source>
   <translation>&amp;Befehle…</translation>
  </message>
  <message>
   <source>&amp;Conversations</source>
   <translation>&amp;Unterhaltungen</translation>
  </message>
  <message>
   <source>&amp;Copy the last reply</source>
   <translation>Letzte Antwort &amp;kopieren</translation>
  </message>
  <message>
   <source>&amp;Dark</source>
   <translation>&amp;Dunkel</translation>
  </message>
  <message>
   <source>&amp;Diagnostics…</source>
   <translation>&amp;Diagnose…</translation>
  </message>
  <message>
   <source>&amp;Duplicate the conversation</source>
   <translation>Unterhaltung &amp;duplizieren</translation>
  </message>
  <message>
   <source>&amp;Export the conversation…</source>
   <translation>Unterhaltung e&amp;xportieren…</translation>
  </message>
  <message>
   <source>&amp;File</source>
   <translation>&amp;Datei</translation>
  </message>
  <message>
   <source>&amp;Find in the conversation</source>
   <translation>In der Unterhaltung &amp;suchen</translation>
  </message>
  <message>
   <source>&amp;Help</source>
   <translation>&amp;Hilfe</translation>
  </message>
  <message>
   <source>&amp;High contrast</source>
   <translation>Hoher &amp;Kontrast</translation>
  </message>
  <message>
   <source>&amp;Inspect the last reply</source>
   <translation>Letzte Antwort &amp;untersuchen</translation>
  </message>
  <message>
   <source>&amp;Jump to latest</source>
   <translation>Zum &amp;Neuesten springen</translation>
  </message>
  <message>
   <source>&amp;Keyboard shortcuts…</source>
   <translation>&amp;Tastenkürzel…</translation>
  </message>
  <message>
   <source>&amp;Light</source>
   <translation>&amp;Hell</translation>
  </message>
  <message>
   <source>&amp;Live panel</source>
   <translation>&amp;Live-Feld</translation>
  </message>
  <message>
   <source>&amp;New chat</source>
   <translation>&amp;Neue Unterhaltung</translation>
  </message>
  <message>
   <source>&amp;Open model file…</source>
   <translation>Modelldatei ö&amp;ffnen…</translation>
  </message>
  <message>
   <source>&amp;Prompt and sampling…</source>
   <translation>&amp;Prompt und Sampling…</translation>
  </message>
  <message>
   <source>&amp;Quit</source>
   <translation>&amp;Beenden</translation>
  </message>
  <message>
   <source>&amp;Rejected draft tokens</source>
   <translation>&amp;Verworfene Entwurfstoken</translation>
  </message>
  <message>
   <source>&amp;Rename the conversation</source>
   <translation>Unterhaltung u&amp;mbenennen</translation>
  </message>
  <message>
   <source>&amp;Settings…</source>
   <translation>&amp;Einstellungen…</translation>
  </message>
  <message>
   <source>&amp;Stop the reply</source>
   <translation>Antwort &amp;stoppen</translation>
  </message>
  <message>
   <source>&amp;Theme</source>
   <translation>&amp;Design</translation>
  </message>
  <message>
   <source>&amp;Undo deleting</source>
   <translation>Löschen &amp;rückgängig machen</translation>
  </message>
  <message>
   <source>&amp;Unload model</source>
   <translation>Modell en&amp;tladen</translation>
  </message>
  <message>
   <source>&amp;View</source>
   <translation>&amp;Ansicht</translation>
  </message>
  <message>
   <source>&amp;What does this mean?</source>
   <translation>&amp;Was bedeutet das?</translation>
  </message>
  <message>
   <source>&amp;Write the last reply again</source>
   <translation>Letzte Antwort neu s&amp;chreiben</translation>
  </message>
  <message>
   <source>As the &amp;system</source>
   <translation>Wie das &amp;System</translation>
  </message>
  <message>
   <source>De&amp;lete the conversation</source>
   <translation>Unterhaltung &amp;löschen</translation>
  </message>
  <message>
   <source>Go to the &amp;message field</source>
   <translation>Zum &amp;Nachrichtenfeld</translation>
  </message>
  <message>
   <source>I&amp;mport conversations…</source>
   <translation>Unterhaltungen &amp;importieren…</translation>
  </message>
  <message>
   <source>Lar&amp;ger text</source>
   <translation>&amp;Größerer Text</translation>
  </message>
  <message>
   <source>Open &amp;run…</source>
   <translation>&amp;Lauf öffnen…</translation>
  </message>
  <message>
   <source>Open model &amp;folder…</source>
   <translation>Modell&amp;ordner öffnen…</translation>
  </message>
  <message>
   <source>S&amp;earch conversations</source>
   <translation>Unterhaltungen durchsuch&amp;en</translation>
  </message>
  <message>
   <source>S&amp;maller text</source>
   <translation>&amp;Kleinerer Text</translation>
  </message>
  <message>
   <source>Sa&amp;ve run…</source>
   <translation>Lauf &amp;speichern…</translation>
  </message>
  <message>
   <source>Save &amp;picture of the window…</source>
   <translation>Bild des Fensters s&amp;peichern…</translation>
  </message>
  <message>
   <source>Text of the &amp;usual size</source>
   <translation>Übliche &amp;Textgröße</translation>
  </message>
  <message>
   <source>Token &amp;origins</source>
   <translation>Herkunft der T&amp;oken</translation>
  </message>
  <message>
   <source>Use t&amp;he model of a server…</source>
   <translation>Modell eines Ser&amp;vers verwenden…</translation>
  </message>
 </context>
 <context>
  <name>messages</name>
  <message>
   <source>, logit gap {gap}</source>
   <translation>, Logit-Abstand {gap}</translation>
  </message>
  <message>
   <source>.safetensors file</source>
   <translation>eine .safetensors-Datei</translation>
  </message>
  <message>
   <source>A and B decode equally fast here: the difference is under {even}.</source>
   <translation>A und B dekodieren hier gleich schnell: Der Unterschied liegt unter {even}.</translation>
  </message>
  <message>
   <source>A benchmark is running, and it needs the computer to itself. Wait for it, or stop it on the Benchmark page, then try again.</source>
   <translation>Ein Benchmark läuft und braucht den Computer für sich. Auf ihn warten oder ihn auf der Seite Benchmark stoppen, dann noch einmal versuchen.</translation>
  </message>
  <message>
   <source>A comparison is running, and it needs the engine to itself. Wait for it, or stop it on the Compare page, then send again.</source>
   <translation>Ein Vergleich läuft und braucht die Engine für sich. Auf ihn warten oder ihn auf der Seite Vergleichen stoppen, dann noch einmal senden.</translation>
  </message>
  <message>
   <source>A comparison is running, and it would spoil the measurement. Wait for it or stop it, then run again.</source>
   <translation>Ein Vergleich läuft und würde die Messung verfälschen. Auf ihn warten oder ihn stoppen, dann noch einmal starten.</translation>
  </message>
  <message>
   <source>A context of {n:token|tokens}: {need}</source>
   <translation>Ein Kontext von {n:Token|Tokens}: {need}</translation>
  </message>
  <message>
   <source>A draft that is the model in fewer bits needs weights that are not packed, so Helix uses the fastest other number format.</source>
   <translation>Ein Entwurf, der das Modell in weniger Bit ist, braucht ungepackte Gewichte, daher nimmt Helix das schnellste andere Zahlenformat.</translation>
  </message>
  <message>
   <source>A fixed reference reply before and after each configuration differed by {drift}.</source>
   <translation>Eine feste Vergleichsantwort vor und nach jeder Konfiguration wich um {drift} ab.</translation>
  </message>
  <message>
   <source>A model is being loaded, and that would spoil the measurement. Wait until it is loaded, then run again.</source>
   <translation>Ein Modell wird geladen, und das würde die Messung verfälschen. Warten, bis es geladen ist, dann noch einmal starten.</translation>
  </message>
  <message>
   <source>A pool of {n:token|tokens} for all replies: {need}</source>
   <translation>Ein Vorrat von {n:Token|Tokens} für alle Antworten: {need}</translation>
  </message>
  <message>
   <source>A program that this measurement started could not write its reply. {reason} Put that right, then run it again.</source>
   <translation>Ein Programm, das diese Messung gestartet hat, konnte seine Antwort nicht schreiben. {reason} Das beheben und noch einmal starten.</translation>
  </message>
  <message>
   <source>A remote engine cannot be told this: {what}. Leave it out, or choose a model on this computer.</source>
   <translation>Einer entfernten Engine lässt sich das nicht sagen: {what}. Lassen Sie es weg oder wählen Sie ein Modell auf diesem Computer.</translation>
  </message>
  <message>
   <source>A remote engine does not tell its blocks. Choose a model on this computer to watch them.</source>
   <translation>Eine entfernte Engine teilt ihre Blöcke nicht mit. Wählen Sie ein Modell auf diesem Computer, um sie zu sehen.</translation>
  </message>
  <message>
   <source>A remote engine does not tell its rounds. Choose a model on this computer to look into a reply.</source>
   <translation>Eine entfernte Engine teilt ihre Runden nicht mit. Wählen Sie ein Modell auf diesem Computer, um in eine Antwort hineinzusehen.</translation>
  </message>
  <message>
   <source>A remote engine tells neither its blocks nor its rounds, so there is nothing to compare or measure here. Choose a model on this computer, or run `bench --remote` on the command line.</source>
   <translation>Eine entfernte Engine teilt weder Blöcke noch Runden mit, daher gibt es hier nichts zu vergleichen oder zu messen. Wählen Sie ein Modell auf diesem Computer oder rufen Sie `bench --remote` in der Kommandozeile auf.</translation>
  </message>
  <message>
   <source>A reply is being written in the chat, and a comparison needs the engine to itself. Wait for the reply or stop it, then run again.</source>
   <translation>Im Chat wird eine Antwort geschrieben, und ein Vergleich braucht die Engine für sich. Auf die Antwort warten oder sie stoppen, dann noch einmal starten.</translation>
  </message>
  <message>
   <source>A reply is being written in the chat, and it would spoil the measurement. Wait for the reply or stop it, then run again.</source>
   <translation>Im Chat wird eine Antwort geschrieben, und das würde die Messung verfälschen. Auf die Antwort warten oder sie stoppen, dann noch einmal starten.</translation>
  </message>
  <message>
   <source>Acceptance</source>
   <translation>Angenommen</translation>
  </message>
  <message>
   <source>Acceptance rate</source>
   <translation>Annahmerate</translation>
  </message>
  <message>
   <source>Address already in use</source>
   <translation>Adresse schon vergeben</translation>
  </message>
  <message>
   <source>Adversarial</source>
   <translation>Widrig</translation>
  </message>
  <message>
   <source>All kinds</source>
   <translation>Alle Arten</translation>
  </message>
  <message>
   <source>All replicas are busy, and no more replies may wait. Try again in {seconds:second|seconds}.</source>
   <translation>Alle Replikate sind beschäftigt, und mehr Antworten dürfen nicht warten. Versuchen Sie es in {seconds:Sekunde|Sekunden} noch einmal.</translation>
  </message>
  <message>
   <source>Allocating the cache</source>
   <translation>Der Cache wird angelegt</translation>
  </message>
  <message>
   <source>Allow yourself to write there.</source>
   <translation>Dort das Schreiben erlauben.</translation>
  </message>
  <message>
   <source>Another Helix is already downloading {name}. Wait for it to finish or close it, then try again.</source>
   <translation>Ein anderes Helix lädt {name} schon herunter. Warten, bis es fertig ist, oder es schließen, dann noch einmal versuchen.</translation>
  </message>
  <message>
   <source>Another Helix is open and keeps the conversations, so what is written in this window is not kept. Close the other one to have it kept here.</source>
   <translation>Ein anderes Helix ist offen und bewahrt die Unterhaltungen auf; was in diesem Fenster geschrieben wird, bleibt daher nicht erhalten. Das andere schließen, damit es hier aufbewahrt wird.</translation>
  </message>
  <message>
   <source>Another Helix is open and keeps the conversations. Do this in that one, or close it and try again.</source>
   <translation>Ein anderes Helix ist offen und bewahrt die Unterhaltungen auf. Es dort tun, oder das andere schließen und noch einmal versuchen.</translation>
  </message>
  <message>
   <source>Another program, perhaps another Helix, listens on {host}, port {port} already. Choose another port, or 0 for any that is free.</source>
   <translation>Unter {host}, Port {port} lauscht schon ein anderes Programm, vielleicht ein anderes Helix. Einen anderen Port wählen, oder 0 für einen beliebigen freien.</translation>
  </message>
  <message>
   <source>Asking the server for its models</source>
   <translation>Server nach seinen Modellen fragen</translation>
  </message>
  <message>
   <source>B is faster</source>
   <translation>B ist schneller</translation>
  </message>
  <message>
   <source>B is slower</source>
   <translation>B ist langsamer</translation>
  </message>
  <message>
   <source>Bad file descriptor</source>
   <translation>Ungültiger Dateideskriptor</translation>
  </message>
  <message>
   <source>Begin of text</source>
   <translation>Textanfang</translation>
  </message>
  <message>
   <source>Bringing back the model from before</source>
   <translation>Das vorige Modell wird zurückgeholt</translation>
  </message>
  <message>
   <source>Broken pipe</source>
   <translation>Verbindung zwischen Programmen abgebrochen</translation>
  </message>
  <message>
   <source>Cannot allocate memory</source>
   <translation>Kein Arbeitsspeicher mehr verfügbar</translation>
  </message>
  <message>
   <source>Cannot assign requested address</source>
   <translation>Dieser Computer hat keine solche Adresse</translation>
  </message>
  <message>
   <source>Chat</source>
   <translation>Chat</translation>
  </message>
  <message>
   <source>Chat template</source>
   <translation>Chat-Vorlage</translation>
  </message>
  <message>
   <source>Check that disk, or the connection to it.</source>
   <translation>Diesen Datenträger oder die Verbindung zu ihm prüfen.</translation>
  </message>
  <message>
   <source>Check that the folder is there and that you may use it.</source>
   <translation>Prüfen, ob der Ordner da ist und benutzt werden darf.</translation>
  </message>
  <message>
   <source>Checking how steady the machine is</source>
   <translation>Es wird geprüft, wie ruhig der Rechner ist</translation>
  </message>
  <message>
   <source>Checking {name} was stopped before the end. Start it again when you like.</source>
   <translation>Die Prüfung von {name} wurde vor dem Ende gestoppt. Jederzeit neu starten.</translation>
  </message>
  <message>
   <source>Close every Helix and start one again: it takes over what can be read.</source>
   <translation>Jedes Helix schließen und eines wieder starten: Es übernimmt, was sich lesen lässt.</translation>
  </message>
  <message>
   <source>Close that program, such as a backup or another Helix.</source>
   <translation>Dieses Programm schließen, etwa eine Datensicherung oder ein anderes Helix.</translation>
  </message>
  <message>
   <source>Code</source>
   <translation>Code</translation>
  </message>
  <message>
   <source>Comparing tokens</source>
   <translation>Die Token werden verglichen</translation>
  </message>
  <message>
   <source>Connection refused</source>
   <translation>Verbindung abgelehnt</translation>
  </message>
  <message>
   <source>Connection reset by peer</source>
   <translation>Verbindung von der Gegenseite beendet</translation>
  </message>
  <message>
   <source>Connection timed out</source>
   <translation>Keine Antwort in der vorgesehenen Zeit</translation>
  </message>
  <message>
   <source>Context</source>
   <translation>Kontext</translation>
  </message>
  <message>
   <source>Conversations are being kept again.</source>
   <translation>Unterhaltungen werden wieder aufbewahrt.</translation>
  </message>
  <message>
   <source>Conversations cannot be written in {folder} at the moment: {reason}. {hint} Helix goes on trying; until then they are in this window alone, so leave it open.</source>
   <translation>Unterhaltungen lassen sich gerade nicht in {folder} schreiben: {reason}. {hint} Helix versucht es weiter; bis dahin sind sie nur in diesem Fenster, also bitte offen lassen.</translation>
  </message>
  <message>
   <source>Costs in plain steps</source>
   <translation>Kosten in einfachen Schritten</translation>
  </message>
  <message>
   <source>Decode speed, tok/s</source>
   <translation>Dekodiertempo, Tok/s</translation>
  </message>
  <message>
   <source>Device</source>
   <translation>Gerät</translation>
  </message>
  <message>
   <source>Device or resource busy</source>
   <translation>Gerät oder Ressource belegt</translation>
  </message>
  <message>
   <source>DirectML computes in float16 and float32 only.</source>
   <translation>DirectML rechnet nur in float16 und float32.</translation>
  </message>
  <message>
   <source>Directory not empty</source>
   <translation>Ordner nicht leer</translation>
  </message>
  <message>
   <source>Disk quota exceeded</source>
   <translation>Speicherkontingent erschöpft</translation>
  </message>
  <message>
   <source>Do it in that one, or close it.</source>
   <translation>Es dort tun oder jenes schließen.</translation>
  </message>
  <message>
   <source>Done</source>
   <translation>Fertig</translation>
  </message>
  <message>
   <source>Draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>Draft file</source>
   <translation>Datei des Entwurfs</translation>
  </message>
  <message>
   <source>Draft ms</source>
   <translation>Entwurf ms</translation>
  </message>
  <message>
   <source>EAGLE-3 of {count:layer|layers}</source>
   <translation>EAGLE-3 aus {count:Schicht|Schichten}</translation>
  </message>
  <message>
   <source>EAGLE-3 that drafts in parallel</source>
   <translation>EAGLE-3, das parallel entwirft</translation>
  </message>
  <message>
   <source>EAGLE-3 with an attention window</source>
   <translation>EAGLE-3 mit einem Fenster der Aufmerksamkeit</translation>
  </message>
  <message>
   <source>EAGLE-3 without the states of earlier layers</source>
   <translation>EAGLE-3 ohne die Zustände früherer Schichten</translation>
  </message>
  <message>
   <source>End of a reply</source>
   <translation>Ende einer Antwort</translation>
  </message>
  <message>
   <source>End to end</source>
   <translation>Insgesamt</translation>
  </message>
  <message>
   <source>Environment</source>
   <translation>Umgebung</translation>
  </message>
  <message>
   <source>Expected speed</source>
   <translation>Erwartetes Tempo</translation>
  </message>
  <message>
   <source>File exists</source>
   <translation>Datei existiert schon</translation>
  </message>
  <message>
   <source>File name too long</source>
   <translation>Dateiname zu lang</translation>
  </message>
  <message>
   <source>File too large</source>
   <translation>Datei zu groß</translation>
  </message>
  <message>
   <source>First difference at token {at}: {a} in A, {b} in B</source>
   <translation>Erster Unterschied bei Token {at}: {a} in A, {b} in B</translation>
  </message>
  <message>
   <source>First difference at token {at}: {a} in A, {b} in B, logit gap {gap}</source>
   <translation>Erster Unterschied bei Token {at}: {a} in A, {b} in B, Logit-Abstand {gap}</translation>
  </message>
  <message>
   <source>Four-bit weights would not be faster on {device}, so Helix uses the fastest other number format.</source>
   <translation>Vier-Bit-Gewichte wären auf {device} nicht schneller, daher nimmt Helix das schnellste andere Zahlenformat.</translation>
  </message>
  <message>
   <source>Free</source>
   <translation>Frei</translation>
  </message>
  <message>
   <source>HELIX_FORCE_CPU is set, so Helix runs on the CPU.</source>
   <translation>HELIX_FORCE_CPU ist gesetzt, daher läuft Helix auf der CPU.</translation>
  </message>
  <message>
   <source>Helix cannot keep its files in {folder}: {reason}. Set HELIX_HOME, or HELIX_MODELS if that is set, to another folder.</source>
   <translation>Helix kann seine Dateien nicht in {folder} ablegen: {reason}. HELIX_HOME, oder HELIX_MODELS, falls gesetzt, auf einen anderen Ordner setzen.</translation>
  </message>
  <message>
   <source>Helix cannot multiply with packed weights on this computer, so it unpacks them, which takes more memory and is slower. The log file says why.</source>
   <translation>Helix kann auf diesem Computer nicht mit gepackten Gewichten rechnen und entpackt sie daher, was mehr Speicher braucht und langsamer ist. Im Protokoll steht, warum.</translation>
  </message>
  <message>
   <source>Helix cannot write to {folder}. Check the permissions of that folder or set HELIX_HOME to another one.</source>
   <translation>Helix kann nicht in {folder} schreiben. Die Rechte dieses Ordners prüfen oder HELIX_HOME auf einen anderen setzen.</translation>
  </message>
  <message>
   <source>Helix does not know this model's way of cutting text into tokens ({name}) and cuts as {family} does, so replies may be worse than they could be. Choose another model, or look for a newer Helix.</source>
   <translation>Helix kennt nicht die Art, wie dieses Modell Text in Token schneidet ({name}), und schneidet wie {family}; Antworten können daher schlechter sein als möglich. Ein anderes Modell wählen oder nach einem neueren Helix sehen.</translation>
  </message>
  <message>
   <source>Helix has no kernel for some of this model's packed weights, so it unpacks them all, and the model takes far more memory than its file.</source>
   <translation>Für einige der gepackten Gewichte dieses Modells hat Helix keinen Kernel; es packt deshalb alle aus, und das Modell belegt weit mehr Speicher als seine Datei.</translation>
  </message>
  <message>
   <source>Helix has no kernels for this model's recurrent layers here, so it unpacks the weights, and the model takes more memory than its file.</source>
   <translation>Helix hat hier keine Kernel für die rekurrenten Schichten dieses Modells, deshalb entpackt es die Gewichte, und das Modell braucht mehr Speicher als seine Datei.</translation>
  </message>
  <message>
   <source>Helix knows no model called {name}. Use one of {known}, or the path of a GGUF file or a model folder.</source>
   <translation>Helix kennt kein Modell namens {name}. Eines von {known} nehmen oder den Pfad einer GGUF-Datei oder eines Modellordners.</translation>
  </message>
  <message>
   <source>Helix knows no model called {name}. Use one of {known}; `models search` finds others on the hub.</source>
   <translation>Helix kennt kein Modell namens {name}. Eines von {known} nehmen; `models search` findet weitere im Hub.</translation>
  </message>
  <message>
   <source>Hidden states</source>
   <translation>Verborgene Zustände</translation>
  </message>
  <message>
   <source>How steady the machine was is not known.</source>
   <translation>Wie ruhig der Rechner war, ist nicht bekannt.</translation>
  </message>
  <message>
   <source>Identical: {n:token|tokens}</source>
   <translation>Identisch: {n:Token|Token}</translation>
  </message>
  <message>
   <source>In common</source>
   <translation>Gemeinsam</translation>
  </message>
  <message>
   <source>In this model {tensors:tensor is|tensors are} not stored in four bits, and rounded to them: the text may differ from that of other number formats.</source>
   <translation>In diesem Modell {tensors:Tensor ist|Tensoren sind} nicht in vier Bit gespeichert und darauf gerundet: Der Text kann von dem anderer Zahlenformate abweichen.</translation>
  </message>
  <message>
   <source>In {arm}, a round drafts {k:token|tokens} in {draft}, verifies in {verify} and spends {rest} besides: {steps:plain step|plain steps} of {plain}. By the formula it is {expected} times as fast as plain decoding.</source>
   <translation>In {arm} entwirft eine Runde {k:Token|Token} in {draft}, prüft in {verify} und braucht daneben {rest}: {steps:einfacher Schritt|einfache Schritte} von {plain}. Nach der Formel ist das {expected} mal so schnell wie einfache Dekodierung.</translation>
  </message>
  <message>
   <source>In {peer} these weights are {theirs}, in Helix {ours}: their speeds are of two number formats.</source>
   <translation>In {peer} sind diese Gewichte {theirs}, in Helix {ours}: Die Geschwindigkeiten gehören zu zwei Zahlenformaten.</translation>
  </message>
  <message>
   <source>Input/output error</source>
   <translation>Ein-/Ausgabefehler</translation>
  </message>
  <message>
   <source>Invalid argument</source>
   <translation>Ungültiges Argument</translation>
  </message>
  <message>
   <source>Invalid cross-device link</source>
   <translation>Verknüpfung zwischen zwei Datenträgern nicht möglich</translation>
  </message>
  <message>
   <source>Is a directory</source>
   <translation>Ist ein Ordner</translation>
  </message>
  <message>
   <source>It does not fit: it takes {need}, and {free} are free.</source>
   <translation>Es passt nicht: Es braucht {need}, und {free} sind frei.</translation>
  </message>
  <message>
   <source>It fits, but leaves little room: it takes {need} of the {free} that are free.</source>
   <translation>Es passt, lässt aber wenig Platz: Es braucht {need} von den {free}, die frei sind.</translation>
  </message>
  <message>
   <source>It fits: it takes {need} of the {free} that are free.</source>
   <translation>Es passt: Es braucht {need} von den {free}, die frei sind.</translation>
  </message>
  <message>
   <source>It takes {need}. How much memory is free on {device} is not known.</source>
   <translation>Es braucht {need}. Wie viel Speicher auf {device} frei ist, ist nicht bekannt.</translation>
  </message>
  <message>
   <source>Its drafts would have to be re-encoded, for its vocabulary is not the target's: it has {draft_size:token|tokens}, the target {target_size}. Helix chooses that by itself only where a trial of the pair showed that it pays. Choose this draft by its name, or one from the same model family.</source>
   <translation>Seine Entwürfe müssten umkodiert werden, denn sein Vokabular ist nicht das des Ziels: Es hat {draft_size:Token|Token}, das Ziel {target_size}. Von selbst wählt Helix das nur, wo eine Probe des Paars gezeigt hat, dass es sich lohnt. Diesen Entwurf beim Namen wählen oder einen aus derselben Modellfamilie.</translation>
  </message>
  <message>
   <source>Its drafts would have to be re-encoded, for its vocabulary is not the target's: they differ first at token {token} ({draft_token} in the draft, {target_token} in the target). Helix chooses that by itself only where a trial of the pair showed that it pays. Choose this draft by its name, or one from the same model family.</source>
   <translation>Seine Entwürfe müssten umkodiert werden, denn sein Vokabular ist nicht das des Ziels: Sie unterscheiden sich zuerst bei Token {token} ({draft_token} im Entwurf, {target_token} im Ziel). Von selbst wählt Helix das nur, wo eine Probe des Paars gezeigt hat, dass es sich lohnt. Diesen Entwurf beim Namen wählen oder einen aus derselben Modellfamilie.</translation>
  </message>
  <message>
   <source>Keys and values</source>
   <translation>Schlüssel und Werte</translation>
  </message>
  <message>
   <source>Keys and values of the draft</source>
   <translation>Schlüssel und Werte des Entwurfs</translation>
  </message>
  <message>
   <source>Kind</source>
   <translation>Art</translation>
  </message>
  <message>
   <source>Kinds</source>
   <translation>Arten</translation>
  </message>
  <message>
   <source>Line {line} of {path} cannot be used: {reason}. Correct the line and run it again.</source>
   <translation>Zeile {line} von {path} ist nicht brauchbar: {reason}. Die Zeile verbessern und noch einmal starten.</translation>
  </message>
  <message>
   <source>List</source>
   <translation>Liste</translation>
  </message>
  <message>
   <source>Loading</source>
   <translation>Laden</translation>
  </message>
  <message>
   <source>Loading libraries</source>
   <translation>Bibliotheken werden geladen</translation>
  </message>
  <message>
   <source>Loading the draft</source>
   <translation>Der Entwurf wird geladen</translation>
  </message>
  <message>
   <source>Loading was stopped. Run the command again to load the model.</source>
   <translation>Das Laden wurde gestoppt. Zum Laden des Modells den Befehl noch einmal starten.</translation>
  </message>
  <message>
   <source>Loading weights</source>
   <translation>Gewichte werden geladen</translation>
  </message>
  <message>
   <source>Long context</source>
   <translation>Langer Kontext</translation>
  </message>
  <message>
   <source>Looking for graphics cards</source>
   <translation>Grafikkarten werden gesucht</translation>
  </message>
  <message>
   <source>Make room on that disk.</source>
   <translation>Auf diesem Datenträger Platz schaffen.</translation>
  </message>
  <message>
   <source>Make room there, or check its permissions.</source>
   <translation>Dort Platz schaffen oder die Rechte prüfen.</translation>
  </message>
  <message>
   <source>Making machine code for this processor (once)</source>
   <translation>Maschinencode für diesen Prozessor wird erzeugt (einmal)</translation>
  </message>
  <message>
   <source>Mean k</source>
   <translation>k im Mittel</translation>
  </message>
  <message>
   <source>Measured speed</source>
   <translation>Gemessenes Tempo</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>Speicher</translation>
  </message>
  <message>
   <source>Models of the kind {architecture} are not supported yet. Helix runs {supported} models.</source>
   <translation>Modelle der Art {architecture} werden noch nicht unterstützt. Helix führt Modelle der Arten {supported} aus.</translation>
  </message>
  <message>
   <source>Move it to another folder: Helix begins a new one.</source>
   <translation>Die Datei in einen anderen Ordner verschieben: Helix beginnt eine neue.</translation>
  </message>
  <message>
   <source>Network is unreachable</source>
   <translation>Netzwerk nicht erreichbar</translation>
  </message>
  <message>
   <source>No conversation was taken in from {path}: {reason}. Choose a file that Helix exported, or one with messages in the form of OpenAI's.</source>
   <translation>Aus {path} wurde keine Unterhaltung übernommen: {reason}. Eine Datei wählen, die Helix exportiert hat, oder eine mit Nachrichten in der Form von OpenAI.</translation>
  </message>
  <message>
   <source>No keyring of this system can be used to keep the token. If the package keyring is missing, install it with `python -m pip install "helix-app[keyring]"`; or set HF_TOKEN.</source>
   <translation>Kein Schlüsselbund dieses Systems kann das Token aufbewahren. Fehlt das Paket keyring, installieren Sie es mit `python -m pip install "helix-app[keyring]"`, oder setzen Sie HF_TOKEN.</translation>
  </message>
  <message>
   <source>No model is loaded just now. Try again in a moment.</source>
   <translation>Gerade ist kein Modell geladen. Versuchen Sie es gleich noch einmal.</translation>
  </message>
  <message>
   <source>No model is loaded. Choose a target model first.</source>
   <translation>Kein Modell ist geladen. Zuerst ein Zielmodell wählen.</translation>
  </message>
  <message>
   <source>No route to host</source>
   <translation>Kein Weg zu diesem Computer</translation>
  </message>
  <message>
   <source>No source of {name} is reachable from here. Check the network and try again, or copy the model file into {folder} by hand.</source>
   <translation>Von hier ist keine Quelle von {name} erreichbar. Das Netz prüfen und noch einmal versuchen, oder die Modelldatei von Hand nach {folder} kopieren.</translation>
  </message>
  <message>
   <source>No space left on device</source>
   <translation>Kein Platz mehr auf dem Datenträger</translation>
  </message>
  <message>
   <source>No such device</source>
   <translation>Gerät nicht gefunden</translation>
  </message>
  <message>
   <source>No such file or directory</source>
   <translation>Datei oder Ordner nicht gefunden</translation>
  </message>
  <message>
   <source>Noise</source>
   <translation>Rauschen</translation>
  </message>
  <message>
   <source>Noisy: the machine's own speed moved by {drift} meanwhile. Close other programs and run again.</source>
   <translation>Unruhig: Das Tempo des Rechners selbst änderte sich dabei um {drift}. Andere Programme schließen und noch einmal starten.</translation>
  </message>
  <message>
   <source>Not a directory</source>
   <translation>Kein Ordner</translation>
  </message>
  <message>
   <source>Nothing was drafted here: {reason}.</source>
   <translation>Hier wurde nichts entworfen: {reason}.</translation>
  </message>
  <message>
   <source>Of {name}, the first {taken} characters were taken, and {left} were left out. Attach a part of the file to send other pages.</source>
   <translation>Von {name} wurden die ersten {taken} Zeichen übernommen, {left} blieben weg. Einen Teil der Datei anhängen, um andere Seiten zu senden.</translation>
  </message>
  <message>
   <source>Offline is chosen on the page Models. Switch that off to search for models.</source>
   <translation>Auf der Seite Modelle ist Offline gewählt. Schalten Sie das aus, um nach Modellen zu suchen.</translation>
  </message>
  <message>
   <source>On {device} Helix unpacks the weights of models whose layers differ in size, as Gemma 4's do; that takes more memory.</source>
   <translation>Auf {device} entpackt Helix die Gewichte von Modellen, deren Schichten verschieden groß sind, wie die von Gemma 4; das braucht mehr Speicher.</translation>
  </message>
  <message>
   <source>On {device} a draft that is a layer of the model itself needs weights that are not packed, so Helix unpacks them; that takes more memory.</source>
   <translation>Auf {device} braucht ein Entwurf, der eine Schicht des Modells selbst ist, ungepackte Gewichte; Helix packt sie deshalb aus, was mehr Speicher braucht.</translation>
  </message>
  <message>
   <source>On {device} weights are not used packed, as the file is, so Helix uses the fastest other number format.</source>
   <translation>Auf {device} werden Gewichte nicht so gepackt benutzt, wie sie in der Datei stehen, daher nimmt Helix das schnellste andere Zahlenformat.</translation>
  </message>
  <message>
   <source>Only one configuration has written, so there is nothing to compare. See the other one for the reason, or run again.</source>
   <translation>Nur eine Konfiguration hat geschrieben, es gibt also nichts zu vergleichen. Den Grund nennt die andere; oder noch einmal starten.</translation>
  </message>
  <message>
   <source>Operation not permitted</source>
   <translation>Vorgang nicht erlaubt</translation>
  </message>
  <message>
   <source>Own prompts</source>
   <translation>Eigene Prompts</translation>
  </message>
  <message>
   <source>Pages of {origin} may not use this server. Start it with --cors-origin {origin} to allow them.</source>
   <translation>Seiten von {origin} dürfen diesen Server nicht benutzen. Starten Sie ihn mit --cors-origin {origin}, um es ihnen zu erlauben.</translation>
  </message>
  <message>
   <source>Passes and tables</source>
   <translation>Durchläufe und Tabellen</translation>
  </message>
  <message>
   <source>Peak memory</source>
   <translation>Spitzenspeicher</translation>
  </message>
  <message>
   <source>Permission denied</source>
   <translation>Zugriff verweigert</translation>
  </message>
  <message>
   <source>Plain</source>
   <translation>Einfach</translation>
  </message>
  <message>
   <source>Plain ms</source>
   <translation>Einfach ms</translation>
  </message>
  <message>
   <source>Preparing the CPU</source>
   <translation>Die CPU wird vorbereitet</translation>
  </message>
  <message>
   <source>Preparing the graphics card</source>
   <translation>Die Grafikkarte wird vorbereitet</translation>
  </message>
  <message>
   <source>Preparing the tokenizer</source>
   <translation>Der Tokenizer wird vorbereitet</translation>
  </message>
  <message>
   <source>Processor</source>
   <translation>Prozessor</translation>
  </message>
  <message>
   <source>Prompts</source>
   <translation>Prompts</translation>
  </message>
  <message>
   <source>PyTorch finds no {library} device</source>
   <translation>PyTorch findet kein {library}-Gerät</translation>
  </message>
  <message>
   <source>Re-encoding does not pay here, or too little to tell. Choose n-gram drafts, which cost nothing.</source>
   <translation>Umkodieren lohnt sich hier nicht oder nicht messbar. N-Gramm-Entwürfe wählen: Sie kosten nichts.</translation>
  </message>
  <message>
   <source>Re-encoding pays here: this pair is faster than the target alone, and draft auto takes it from now on.</source>
   <translation>Umkodieren lohnt sich hier: Dieses Paar ist schneller als das Ziel allein, und die Entwurfswahl „auto“ nimmt es von jetzt an.</translation>
  </message>
  <message>
   <source>Read-only file system</source>
   <translation>Der Datenträger ist nur lesbar</translation>
  </message>
  <message>
   <source>Reading the model file</source>
   <translation>Die Modelldatei wird gelesen</translation>
  </message>
  <message>
   <source>Repeats</source>
   <translation>Wiederholungen</translation>
  </message>
  <message>
   <source>Replies of a given form need the library llguidance. Run `python -m pip install -e ".[grammar]"` in Helix's folder.</source>
   <translation>Antworten in vorgegebener Form brauchen die Bibliothek llguidance. Im Ordner von Helix `python -m pip install -e ".[grammar]"` ausführen.</translation>
  </message>
  <message>
   <source>Replies of this model cannot be held to a form: its vocabulary is of a kind that Helix cannot do that with. Choose another model.</source>
   <translation>Antworten dieses Modells lassen sich nicht an eine Form binden: Mit der Art seines Vokabulars kann Helix das nicht. Ein anderes Modell wählen.</translation>
  </message>
  <message>
   <source>Resource temporarily unavailable</source>
   <translation>Ressource zurzeit nicht verfügbar</translation>
  </message>
  <message>
   <source>Rewrite</source>
   <translation>Umschreiben</translation>
  </message>
  <message>
   <source>Right by its text</source>
   <translation>Richtig nach dem Text</translation>
  </message>
  <message>
   <source>Run</source>
   <translation>Lauf</translation>
  </message>
  <message>
   <source>SQLite says {said}</source>
   <translation>SQLite sagt {said}</translation>
  </message>
  <message>
   <source>Same distribution, different sample: the replies part at token {at}</source>
   <translation>Gleiche Verteilung, andere Stichprobe: Die Antworten trennen sich bei Token {at}</translation>
  </message>
  <message>
   <source>Seed</source>
   <translation>Seed</translation>
  </message>
  <message>
   <source>Something went wrong inside Helix, and no log file could be written. Try again; if it repeats, run it with -v and report what that prints.</source>
   <translation>In Helix ist etwas schiefgegangen, und es ließ sich kein Protokoll schreiben. Noch einmal versuchen; wenn es wieder geschieht, mit -v starten und melden, was das ausgibt.</translation>
  </message>
  <message>
   <source>Something went wrong inside Helix. Try again; if it repeats, report it with the log file {log}.</source>
   <translation>In Helix ist etwas schiefgegangen. Noch einmal versuchen; wenn es wieder geschieht, es mit dem Protokoll {log} melden.</translation>
  </message>
  <message>
   <source>Speculation costs {percent} here.</source>
   <translation>Spekulation kostet hier {percent}.</translation>
  </message>
  <message>
   <source>Speculation costs {percent} here; Helix switched it off after token {token}.</source>
   <translation>Spekulation kostet hier {percent}; Helix schaltete sie nach Token {token} ab.</translation>
  </message>
  <message>
   <source>Speculation gains {percent} here.</source>
   <translation>Spekulation gewinnt hier {percent}.</translation>
  </message>
  <message>
   <source>Speculation gains {percent} here; Helix switched it off after token {token}.</source>
   <translation>Spekulation gewinnt hier {percent}; Helix schaltete sie nach Token {token} ab.</translation>
  </message>
  <message>
   <source>Speculation neither gains nor costs here: the difference is under {even}.</source>
   <translation>Spekulation gewinnt und kostet hier nichts: Der Unterschied liegt unter {even}.</translation>
  </message>
  <message>
   <source>Speculation neither gains nor costs here; Helix switched it off after token {token}.</source>
   <translation>Spekulation gewinnt und kostet hier nichts; Helix schaltete sie nach Token {token} ab.</translation>
  </message>
  <message>
   <source>Speeds are compared once both replies are there.</source>
   <translation>Das Tempo wird verglichen, sobald beide Antworten da sind.</translation>
  </message>
  <message>
   <source>Speedup</source>
   <translation>Faktor</translation>
  </message>
  <message>
   <source>Speedup A</source>
   <translation>Faktor A</translation>
  </message>
  <message>
   <source>Speedup B</source>
   <translation>Faktor B</translation>
  </message>
  <message>
   <source>Starting the engine</source>
   <translation>Die Engine wird gestartet</translation>
  </message>
  <message>
   <source>Stopped. Run the command again when you like.</source>
   <translation>Gestoppt. Den Befehl jederzeit noch einmal starten.</translation>
  </message>
  <message>
   <source>Story</source>
   <translation>Geschichte</translation>
  </message>
  <message>
   <source>Summarise</source>
   <translation>Zusammenfassen</translation>
  </message>
  <message>
   <source>System</source>
   <translation>System</translation>
  </message>
  <message>
   <source>TTFT ms</source>
   <translation>TTFT ms</translation>
  </message>
  <message>
   <source>Target</source>
   <translation>Zielmodell</translation>
  </message>
  <message>
   <source>Target file</source>
   <translation>Datei des Zielmodells</translation>
  </message>
  <message>
   <source>That cannot be used. {hint}</source>
   <translation>Das ist nicht brauchbar. {hint}</translation>
  </message>
  <message>
   <source>The API key is missing or wrong. Send one that the server was started with, as `Authorization: Bearer KEY` or `x-api-key: KEY`.</source>
   <translation>Der API-Schlüssel fehlt oder ist falsch. Senden Sie einen, mit dem der Server gestartet wurde, als `Authorization: Bearer KEY` oder `x-api-key: KEY`.</translation>
  </message>
  <message>
   <source>The benchmark ended before its first reply, so there is nothing to report. Start it again when you like.</source>
   <translation>Der Benchmark endete vor seiner ersten Antwort, es gibt also nichts zu berichten. Jederzeit neu starten.</translation>
  </message>
  <message>
   <source>The benchmark stopped unexpectedly, most often for want of memory. The runs in the list are kept; choose a smaller model or leave out the other programs, then run again.</source>
   <translation>Der Benchmark brach unerwartet ab, meist aus Mangel an Speicher. Die Läufe in der Liste bleiben erhalten; ein kleineres Modell wählen oder die anderen Programme weglassen, dann noch einmal starten.</translation>
  </message>
  <message>
   <source>The benchmark was saved as {file}.</source>
   <translation>Der Benchmark wurde als {file} gespeichert.</translation>
  </message>
  <message>
   <source>The benchmark was stopped before its first reply, so there is nothing to show.</source>
   <translation>Der Benchmark wurde vor seiner ersten Antwort gestoppt, es gibt also nichts zu zeigen.</translation>
  </message>
  <message>
   <source>The cache has no free block left ({blocks:block|blocks}). Start a new conversation or choose a larger context.</source>
   <translation>Der Cache hat keinen freien Block mehr ({blocks:Block|Blöcke}). Eine neue Unterhaltung beginnen oder einen größeren Kontext wählen.</translation>
  </message>
  <message>
   <source>The chat template comes to no end. Look for a loop in it that goes on and on.</source>
   <translation>Die Chat-Vorlage kommt nicht zum Ende. Nach einer Schleife darin suchen, die nicht aufhört.</translation>
  </message>
  <message>
   <source>The connection to {host} ended in the middle of the reply ({reason}). Try again; what was written is kept.</source>
   <translation>Die Verbindung zu {host} endete mitten in der Antwort ({reason}). Versuchen Sie es noch einmal; was geschrieben wurde, bleibt erhalten.</translation>
  </message>
  <message>
   <source>The context is full at {limit:token|tokens}, Helix's default; this model takes up to {model}.</source>
   <translation>Der Kontext ist mit {limit:Token|Token} voll, dem Standard von Helix; dieses Modell nimmt bis zu {model}.</translation>
  </message>
  <message>
   <source>The context is full at {limit:token|tokens}, for which there was memory; this model takes up to {model}.</source>
   <translation>Der Kontext ist mit {limit:Token|Token} voll, für mehr reichte der Speicher nicht; dieses Modell nimmt bis zu {model}.</translation>
  </message>
  <message>
   <source>The context is full at {limit:token|tokens}, the most that this model takes.</source>
   <translation>Der Kontext ist mit {limit:Token|Token} voll, dem Höchsten, was dieses Modell nimmt.</translation>
  </message>
  <message>
   <source>The context is full at {limit:token|tokens}, which it was set to; this model takes up to {model}.</source>
   <translation>Der Kontext ist mit {limit:Token|Token} voll, wie eingestellt; dieses Modell nimmt bis zu {model}.</translation>
  </message>
  <message>
   <source>The context of the server's model is full.</source>
   <translation>Der Kontext des Modells auf dem Server ist voll.</translation>
  </message>
  <message>
   <source>The context was reduced from {wanted} to {given:token|tokens} to fit in memory.</source>
   <translation>Der Kontext wurde von {wanted} auf {given:Token|Token} verkleinert, damit er in den Speicher passt.</translation>
  </message>
  <message>
   <source>The conversation is too long for the server's model ({reason}). Start a new one, or let the oldest turns be left out.</source>
   <translation>Die Unterhaltung ist zu lang für das Modell des Servers ({reason}). Beginnen Sie eine neue oder lassen Sie die ältesten Beiträge weglassen.</translation>
  </message>
  <message>
   <source>The conversation is too long for the server's model, so the {n:oldest message was|oldest messages were} not sent.</source>
   <translation>Die Unterhaltung ist zu lang für das Modell des Servers, daher: {n:älteste Nachricht wurde|älteste Nachrichten wurden} nicht gesendet.</translation>
  </message>
  <message>
   <source>The conversations in {path} cannot be read: {reason}. {hint} Then try again.</source>
   <translation>Die Unterhaltungen in {path} lassen sich nicht lesen: {reason}. {hint} Dann noch einmal versuchen.</translation>
  </message>
  <message>
   <source>The device {device} is not available here ({reason}). Choose auto or cpu.</source>
   <translation>Das Gerät {device} gibt es hier nicht ({reason}). auto oder cpu wählen.</translation>
  </message>
  <message>
   <source>The disk is full: {name} needs {needed} more in {folder}. Free some space and try again.</source>
   <translation>Das Laufwerk ist voll: {name} braucht noch {needed} in {folder}. Platz schaffen und noch einmal versuchen.</translation>
  </message>
  <message>
   <source>The download of {name} did not complete. Check the connection and try again; it continues where it stopped.</source>
   <translation>Das Herunterladen von {name} kam nicht zum Ende. Die Verbindung prüfen und noch einmal versuchen; es geht dort weiter, wo es aufhörte.</translation>
  </message>
  <message>
   <source>The download of {name} was cancelled. Start it again to continue where it stopped.</source>
   <translation>Das Herunterladen von {name} wurde abgebrochen. Neu starten, um dort weiterzumachen, wo es aufhörte.</translation>
  </message>
  <message>
   <source>The draft cannot go on ({reason}), so Helix drafts from the text itself.</source>
   <translation>Der Entwurf kann nicht weitermachen ({reason}), daher entwirft Helix aus dem Text selbst.</translation>
  </message>
  <message>
   <source>The draft is as large as the target: drafting costs as much as writing, and little can be gained.</source>
   <translation>Der Entwurf ist so groß wie das Ziel: Entwerfen kostet so viel wie Schreiben, und wenig ist zu gewinnen.</translation>
  </message>
  <message>
   <source>The draft is re-encoded: what it writes is cut into the target's tokens. The reply stays the target's own; whether it comes faster, a trial of the pair says.</source>
   <translation>Der Entwurf wird umkodiert: Was er schreibt, wird in die Tokens des Ziels zerlegt. Die Antwort bleibt die des Ziels; ob sie schneller kommt, sagt eine Probe des Paars.</translation>
  </message>
  <message>
   <source>The draft {draft} could not be used, so Helix takes the best draft that needs no download. {reason}</source>
   <translation>Der Entwurf {draft} war nicht verwendbar, daher nimmt Helix den besten, für den nichts heruntergeladen werden muss. {reason}</translation>
  </message>
  <message>
   <source>The engine is busy, and a comparison needs it to itself. Wait a moment, then run again.</source>
   <translation>Die Engine ist beschäftigt, und ein Vergleich braucht sie für sich. Kurz warten, dann noch einmal starten.</translation>
  </message>
  <message>
   <source>The engine is busy, and that would spoil the measurement. Wait a moment, then run again.</source>
   <translation>Die Engine ist beschäftigt, und das würde die Messung verfälschen. Kurz warten, dann noch einmal starten.</translation>
  </message>
  <message>
   <source>The engine is busy, and that would spoil the trial. Wait for the reply or stop it, then try again.</source>
   <translation>Die Engine arbeitet, und das würde die Probe verfälschen. Warten Sie auf die Antwort oder brechen Sie sie ab, und versuchen Sie es dann noch einmal.</translation>
  </message>
  <message>
   <source>The engine is still working on the last request. Wait for it or press Stop.</source>
   <translation>Die Engine arbeitet noch an der letzten Anfrage. Darauf warten oder Stoppen drücken.</translation>
  </message>
  <message>
   <source>The engine stopped unexpectedly and was restarted. Helix goes on where it stopped.</source>
   <translation>Die Engine brach unerwartet ab und wurde neu gestartet. Helix macht dort weiter, wo es aufhörte.</translation>
  </message>
  <message>
   <source>The engine stopped unexpectedly once more, so Helix goes on with the same reply on the CPU. Load the model again to use {device} once more.</source>
   <translation>Die Engine brach noch einmal unerwartet ab, daher macht Helix mit derselben Antwort auf der CPU weiter. Das Modell neu laden, um {device} wieder zu benutzen.</translation>
  </message>
  <message>
   <source>The engine stopped unexpectedly. What was written so far is kept; send again to restart it.</source>
   <translation>Die Engine brach unerwartet ab. Was bis dahin geschrieben war, ist erhalten; noch einmal senden, um sie neu zu starten.</translation>
  </message>
  <message>
   <source>The environment variable {variable} holds no key. Set it to the server's key, or leave out --key-env.</source>
   <translation>Die Umgebungsvariable {variable} enthält keinen Schlüssel. Setzen Sie sie auf den Schlüssel des Servers oder lassen Sie --key-env weg.</translation>
  </message>
  <message>
   <source>The field {field} cannot be used: {reason}. Correct it and send the request again.</source>
   <translation>Das Feld {field} ist nicht verwendbar: {reason}. Berichtigen Sie es und senden Sie die Anfrage noch einmal.</translation>
  </message>
  <message>
   <source>The field {field} is missing. Add it.</source>
   <translation>Das Feld {field} fehlt. Fügen Sie es hinzu.</translation>
  </message>
  <message>
   <source>The field {field} is not supported here. Leave it out.</source>
   <translation>Das Feld {field} wird hier nicht unterstützt. Lassen Sie es weg.</translation>
  </message>
  <message>
   <source>The figures of replicas go through Ray. Scrape the metrics of its nodes, where their names begin with ray_helix.</source>
   <translation>Die Zahlen der Replikate gehen durch Ray. Fragen Sie die Metriken seiner Knoten ab, wo ihre Namen mit ray_helix beginnen.</translation>
  </message>
  <message>
   <source>The file of conversations was damaged. {chats:conversation|conversations} with {messages:message|messages} could be read and taken over; the damaged file is kept as {path}.</source>
   <translation>Die Datei der Unterhaltungen war beschädigt. {chats:Unterhaltung|Unterhaltungen} mit {messages:Nachricht|Nachrichten} waren lesbar und wurden übernommen; die beschädigte Datei bleibt als {path}.</translation>
  </message>
  <message>
   <source>The file {name}: {need}</source>
   <translation>Die Datei {name}: {need}</translation>
  </message>
  <message>
   <source>The file {path} was written by a later version of Helix. Use that version, or move the file away.</source>
   <translation>Die Datei {path} wurde von einem späteren Helix geschrieben. Jenes benutzen oder die Datei woanders hinlegen.</translation>
  </message>
  <message>
   <source>The grammar cannot be used: {reason}. Correct the schema, regular expression or grammar.</source>
   <translation>Die Grammatik ist nicht verwendbar: {reason}. Das Schema, den regulären Ausdruck oder die Grammatik verbessern.</translation>
  </message>
  <message>
   <source>The grammar is too complex to go on with: {reason}. Make it simpler.</source>
   <translation>Die Grammatik ist zu verwickelt, um weiterzumachen: {reason}. Sie vereinfachen.</translation>
  </message>
  <message>
   <source>The graphics card</source>
   <translation>Die Grafikkarte</translation>
  </message>
  <message>
   <source>The key could not be kept in {path}: {reason}. Check the permissions of that folder.</source>
   <translation>Der Schlüssel konnte nicht in {path} aufbewahrt werden: {reason}. Prüfen Sie die Rechte dieses Ordners.</translation>
  </message>
  <message>
   <source>The library cannot be changed, because {file} cannot be written: {reason}. Check that you may write there.</source>
   <translation>Die Bibliothek lässt sich nicht ändern, weil {file} nicht geschrieben werden kann: {reason}. Prüfen Sie, ob Sie dort schreiben dürfen.</translation>
  </message>
  <message>
   <source>The library {file} cannot be read ({reason}), so models of your own are missing in it. Check that you may read it.</source>
   <translation>Die Bibliothek {file} lässt sich nicht lesen ({reason}), deshalb fehlen eigene Modelle darin. Bitte prüfen, ob sie gelesen werden darf.</translation>
  </message>
  <message>
   <source>The library {file} is damaged ({reason}), so models of your own are missing in it. Put the file right, or take them in again on the page Models or with `models add`: it is kept as {kept} then.</source>
   <translation>Die Bibliothek {file} ist beschädigt ({reason}), deshalb fehlen eigene Modelle darin. Die Datei in Ordnung bringen oder die Modelle auf der Seite Modelle oder mit `models add` neu aufnehmen: Sie bleibt dann als {kept} erhalten.</translation>
  </message>
  <message>
   <source>The library {file} was damaged ({reason}), so models of your own are missing in it. Take them in again on the page Models or with `models add`; what was damaged is kept as {kept}.</source>
   <translation>Die Bibliothek {file} war beschädigt ({reason}), deshalb fehlen eigene Modelle darin. Die Modelle auf der Seite Modelle oder mit `models add` neu aufnehmen; was beschädigt war, bleibt als {kept} erhalten.</translation>
  </message>
  <message>
   <source>The list of benchmarks {path} cannot be read or written: {reason}. {hint} Then try again.</source>
   <translation>Die Liste der Benchmarks {path} lässt sich nicht lesen oder schreiben: {reason}. {hint} Dann noch einmal versuchen.</translation>
  </message>
  <message>
   <source>The load could not be tried ({reason}). It may have run out of memory; try a shorter context.</source>
   <translation>Das Laden konnte nicht ausprobiert werden ({reason}). Vielleicht reichte der Speicher nicht; versuchen Sie es mit einem kürzeren Kontext.</translation>
  </message>
  <message>
   <source>The local API needs packages that are not installed ({missing}). Install them: `python -m pip install "helix-app[server]"`, or `python -m pip install -e ".[server]"` in the folder of Helix.</source>
   <translation>Die lokale API braucht Pakete, die nicht installiert sind ({missing}). Installieren Sie sie: `python -m pip install "helix-app[server]"` oder `python -m pip install -e ".[server]"` im Ordner von Helix.</translation>
  </message>
  <message>
   <source>The machine's speed moved by {percent} during the run (a fixed reference reply shows it). Close other programs and run again before relying on small differences.</source>
   <translation>Das Tempo des Rechners änderte sich während des Laufs um {percent} (das zeigt eine feste Vergleichsantwort). Andere Programme schließen und noch einmal starten, bevor kleine Unterschiede zählen.</translation>
  </message>
  <message>
   <source>The model file {path} is damaged or incomplete: {reason}. Download it again.</source>
   <translation>Die Modelldatei {path} ist beschädigt oder unvollständig: {reason}. Noch einmal herunterladen.</translation>
  </message>
  <message>
   <source>The model is still being loaded. What you write stays here; send it when the model is ready.</source>
   <translation>Das Modell wird noch geladen. Was geschrieben ist, bleibt hier; senden, wenn das Modell bereit ist.</translation>
  </message>
  <message>
   <source>The model returned numbers that are not numbers, so the reply stopped. Load the model with --dtype float32, or download it again.</source>
   <translation>Das Modell lieferte Zahlen, die keine sind, daher brach die Antwort ab. Das Modell mit --dtype float32 laden oder neu herunterladen.</translation>
  </message>
  <message>
   <source>The model's chat template refuses this conversation.</source>
   <translation>Die Chat-Vorlage des Modells lehnt diese Unterhaltung ab.</translation>
  </message>
  <message>
   <source>The pair could not be looked at: the process that does so stopped. Try again; Details says more.</source>
   <translation>Das Paar konnte nicht untersucht werden: Der Prozess, der das tut, hat aufgehört. Versuchen Sie es noch einmal; mehr steht unter Details.</translation>
  </message>
  <message>
   <source>The process that keeps the responses of all replicas does not answer just now. Send the request again in a moment, or send the whole conversation.</source>
   <translation>Der Prozess, der die Antworten aller Replikate aufbewahrt, antwortet gerade nicht. Senden Sie die Anfrage gleich noch einmal oder die ganze Unterhaltung.</translation>
  </message>
  <message>
   <source>The prompt cannot be read from {path}: {reason}. Give it as UTF-8 text, or with --prompt.</source>
   <translation>Der Prompt ist nicht aus {path} lesbar: {reason}. Ihn als UTF-8-Text oder mit --prompt geben.</translation>
  </message>
  <message>
   <source>The prompt has {tokens:token|tokens}, but memory allows a context of {limit} only; this model takes up to {model}. Close other programs and load the model again, choose a smaller one, or shorten the prompt.</source>
   <translation>Der Prompt hat {tokens:Token|Token}, aber der Speicher erlaubt nur einen Kontext von {limit}; dieses Modell nimmt bis zu {model}. Andere Programme schließen und das Modell neu laden, ein kleineres wählen oder den Prompt kürzen.</translation>
  </message>
  <message>
   <source>The prompt has {tokens:token|tokens}, but the context was set to {limit}; this model takes up to {model}. Raise the context (Settings &gt; Engine in the window, --context N on the command line) or shorten the prompt.</source>
   <translation>Der Prompt hat {tokens:Token|Token}, aber der Kontext war auf {limit} eingestellt; dieses Modell nimmt bis zu {model}. Den Kontext erhöhen (im Fenster Einstellungen &gt; Engine, auf der Kommandozeile --context N) oder den Prompt kürzen.</translation>
  </message>
  <message>
   <source>The prompt has {tokens:token|tokens}, but the model was loaded with a context of {limit}, Helix's default; it takes up to {model}. Raise the context (Settings &gt; Engine in the window, --context N on the command line) or shorten the prompt.</source>
   <translation>Der Prompt hat {tokens:Token|Token}, aber das Modell wurde mit einem Kontext von {limit} geladen, dem Standard von Helix; es nimmt bis zu {model}. Den Kontext erhöhen (im Fenster Einstellungen &gt; Engine, auf der Kommandozeile --context N) oder den Prompt kürzen.</translation>
  </message>
  <message>
   <source>The prompt has {tokens:token|tokens}, but this model takes {limit} at most. Shorten it, start a new conversation or choose a model with a longer context.</source>
   <translation>Der Prompt hat {tokens:Token|Token}, aber dieses Modell nimmt höchstens {limit}. Ihn kürzen, eine neue Unterhaltung beginnen oder ein Modell mit längerem Kontext wählen.</translation>
  </message>
  <message>
   <source>The prompt is empty. Send a text, or a message of the user that has one.</source>
   <translation>Die Eingabe ist leer. Senden Sie einen Text oder eine Nachricht des Benutzers, die einen hat.</translation>
  </message>
  <message>
   <source>The prompt is empty. Type something to send.</source>
   <translation>Der Prompt ist leer. Etwas eingeben und dann senden.</translation>
  </message>
  <message>
   <source>The prompt {prompt} was left out. {reason}</source>
   <translation>Der Prompt {prompt} wurde ausgelassen. {reason}</translation>
  </message>
  <message>
   <source>The prompts in {path} cannot be used: {reason}. Give a text file with one prompt a line, or JSON lines.</source>
   <translation>Die Prompts in {path} sind nicht brauchbar: {reason}. Eine Textdatei mit einem Prompt je Zeile oder JSON-Zeilen geben.</translation>
  </message>
  <message>
   <source>The replicas that were to write the reply stopped one after the other. Send the request again in a moment.</source>
   <translation>Die Replikate, die die Antwort schreiben sollten, endeten eines nach dem anderen. Senden Sie die Anfrage gleich noch einmal.</translation>
  </message>
  <message>
   <source>The replies are compared as soon as both configurations have written.</source>
   <translation>Die Antworten werden verglichen, sobald beide Konfigurationen geschrieben haben.</translation>
  </message>
  <message>
   <source>The reply did not begin within {seconds:second|seconds}, because others came first. Try again later.</source>
   <translation>Die Antwort begann nicht innerhalb von {seconds:Sekunde|Sekunden}, weil andere vorher an der Reihe waren. Versuchen Sie es später noch einmal.</translation>
  </message>
  <message>
   <source>The reply was stopped where the model runs, or another model was chosen there. Send the request again.</source>
   <translation>Die Antwort wurde dort angehalten, wo das Modell läuft, oder dort wurde ein anderes Modell gewählt. Die Anfrage erneut senden.</translation>
  </message>
  <message>
   <source>The request did not come within {seconds:second|seconds}. Send it again, all of it at once.</source>
   <translation>Die Anfrage kam nicht binnen {seconds:Sekunde|Sekunden} an. Senden Sie sie noch einmal, ganz auf einmal.</translation>
  </message>
  <message>
   <source>The request does not say which server it is for. Send a Host header, such as `Host: localhost`.</source>
   <translation>Die Anfrage sagt nicht, für welchen Server sie ist. Senden Sie einen Host-Header, etwa `Host: localhost`.</translation>
  </message>
  <message>
   <source>The request has more than {limit:byte|bytes}. Send less.</source>
   <translation>Die Anfrage hat mehr als {limit:Byte|Bytes}. Senden Sie weniger.</translation>
  </message>
  <message>
   <source>The request is no HTTP/1.1 that can be read here. Send it to an address that begins with http://, with a Host header and a head of less than 64 kB.</source>
   <translation>Die Anfrage ist kein HTTP/1.1, das hier gelesen werden kann. Senden Sie sie an eine Adresse, die mit http:// beginnt, mit einem Host-Header und einem Kopf von weniger als 64 kB.</translation>
  </message>
  <message>
   <source>The request's body cannot be read: {reason}. Send JSON in UTF-8.</source>
   <translation>Der Inhalt der Anfrage ist nicht lesbar: {reason}. Senden Sie JSON in UTF-8.</translation>
  </message>
  <message>
   <source>The result cannot be written to standard output: {reason}. Make room or name another file, then run it again.</source>
   <translation>Das Ergebnis lässt sich nicht auf die Standardausgabe schreiben: {reason}. Platz schaffen oder eine andere Datei nennen, dann noch einmal starten.</translation>
  </message>
  <message>
   <source>The result has nowhere to go, because standard output is closed. Run it again with an output that is open.</source>
   <translation>Das Ergebnis kann nirgends hin, denn die Standardausgabe ist geschlossen. Noch einmal mit einer offenen Ausgabe starten.</translation>
  </message>
  <message>
   <source>The run could not be saved as {file}. Check the permissions of that folder and how much of the disk is free, or choose another folder.</source>
   <translation>Der Lauf ließ sich nicht als {file} speichern. Die Rechte dieses Ordners und den freien Platz prüfen oder einen anderen Ordner wählen.</translation>
  </message>
  <message>
   <source>The run ended early: {done} of {planned:reply|replies} were measured, and the figures are of those.</source>
   <translation>Der Lauf endete früher: {done} von {planned:Antwort|Antworten} wurden gemessen, und die Zahlen sind von diesen.</translation>
  </message>
  <message>
   <source>The same as far as both went: {n:token|tokens}</source>
   <translation>Gleich, so weit beide kamen: {n:Token|Token}</translation>
  </message>
  <message>
   <source>The schema in {path} cannot be used: {reason}. Name a file with a JSON schema.</source>
   <translation>Das Schema in {path} ist nicht verwendbar: {reason}. Eine Datei mit einem JSON-Schema nennen.</translation>
  </message>
  <message>
   <source>The server cannot listen on {host}, port {port}: {reason}. Choose another port, or 0 for any that is free.</source>
   <translation>Der Server kann unter {host}, Port {port} nicht lauschen: {reason}. Einen anderen Port wählen, oder 0 für einen beliebigen freien.</translation>
  </message>
  <message>
   <source>The server does not answer to the name {host}. Use localhost or its address, or start it with --allow-host {host}.</source>
   <translation>Der Server antwortet nicht auf den Namen {host}. Verwenden Sie localhost oder seine Adresse, oder starten Sie ihn mit --allow-host {host}.</translation>
  </message>
  <message>
   <source>The server is being stopped. Send the request again once it is back.</source>
   <translation>Der Server wird gerade beendet. Senden Sie die Anfrage noch einmal, wenn er wieder da ist.</translation>
  </message>
  <message>
   <source>The server is busy, and no more than {waiting:reply|replies} may wait. Try again in {seconds:second|seconds}.</source>
   <translation>Der Server ist ausgelastet, und mehr als {waiting:Antwort|Antworten} dürfen nicht warten. Versuchen Sie es in {seconds:Sekunde|Sekunden} noch einmal.</translation>
  </message>
  <message>
   <source>The settings could not be saved in {folder}. Check the permissions of that folder or set HELIX_HOME to another one.</source>
   <translation>Die Einstellungen ließen sich nicht in {folder} speichern. Die Rechte dieses Ordners prüfen oder HELIX_HOME auf einen anderen setzen.</translation>
  </message>
  <message>
   <source>The settings in {file} are damaged ({reason}). What could be read of them is in effect; learning from replies is off unless that could be read. Look through the settings and save them; the damaged file is kept as {copy}.</source>
   <translation>Die Einstellungen in {file} sind beschädigt ({reason}). Was davon lesbar war, gilt; das Lernen aus Antworten ist aus, falls das nicht lesbar war. Die Einstellungen durchsehen und speichern; die beschädigte Datei bleibt als {copy}.</translation>
  </message>
  <message>
   <source>The settings in {file} are damaged: {settings} cannot have the value that stands there. What was wrong has its default, everything else is in effect. Look through the settings and save them.</source>
   <translation>Die Einstellungen in {file} sind beschädigt: {settings} darf den Wert, der dort steht, nicht haben. Was falsch war, hat seinen Standard, alles andere gilt. Die Einstellungen durchsehen und speichern.</translation>
  </message>
  <message>
   <source>The settings in {file} cannot be read ({reason}), so the defaults are in effect, and learning from replies is off. Check the permissions of that file, then start again.</source>
   <translation>Die Einstellungen in {file} sind nicht lesbar ({reason}), daher gilt der Standard, und das Lernen aus Antworten ist aus. Die Rechte dieser Datei prüfen, dann neu starten.</translation>
  </message>
  <message>
   <source>The system's keyring does not take the token: {reason}. Unlock it and try again, or set HF_TOKEN.</source>
   <translation>Der Schlüsselbund des Systems nimmt das Token nicht: {reason}. Entsperren Sie ihn und versuchen Sie es noch einmal, oder setzen Sie HF_TOKEN.</translation>
  </message>
  <message>
   <source>The text is too long for the context, so its beginning was not sent.</source>
   <translation>Der Text ist zu lang für den Kontext, darum wurde sein Anfang nicht gesendet.</translation>
  </message>
  <message>
   <source>The tokenizer of {path} cannot be read. Download the model again or choose another one.</source>
   <translation>Der Tokenizer von {path} ist nicht lesbar. Das Modell neu herunterladen oder ein anderes wählen.</translation>
  </message>
  <message>
   <source>The tokens of the prompt could not be counted. It can be sent all the same; Details says why they could not.</source>
   <translation>Die Token des Prompts ließen sich nicht zählen. Er kann trotzdem gesendet werden; Details sagt, warum.</translation>
  </message>
  <message>
   <source>The weights in {path} do not fit its own description ({what}). Choose another file of this model, or download it again.</source>
   <translation>Die Gewichte in {path} passen nicht zu ihrer eigenen Beschreibung ({what}). Eine andere Datei dieses Modells wählen oder es neu herunterladen.</translation>
  </message>
  <message>
   <source>The window cannot open, because a library is missing ({reason}). Install PySide6-Essentials and pyqtgraph, or use the command line: `python -m helix_app --help`.</source>
   <translation>Das Fenster kann nicht öffnen, denn eine Bibliothek fehlt ({reason}). PySide6-Essentials und pyqtgraph installieren oder die Kommandozeile benutzen: `python -m helix_app --help`.</translation>
  </message>
  <message>
   <source>The window cannot open, because there is no display ({reason}). Start Helix on a desktop, or use the command line: `python -m helix_app --help`.</source>
   <translation>Das Fenster kann nicht öffnen, denn es gibt keine Anzeige ({reason}). Helix auf einem Desktop starten oder die Kommandozeile benutzen: `python -m helix_app --help`.</translation>
  </message>
  <message>
   <source>Their vocabularies differ, first at token {token} ({draft_token} in the draft, {target_token} in the target).</source>
   <translation>Ihre Vokabulare unterscheiden sich, zuerst bei Token {token} ({draft_token} im Entwurf, {target_token} im Ziel).</translation>
  </message>
  <message>
   <source>Their vocabularies differ: {draft_size:token|tokens} in the draft, {target_size} in the target.</source>
   <translation>Ihre Vokabulare unterscheiden sich: {draft_size:Token|Token} im Entwurf, {target_size} im Ziel.</translation>
  </message>
  <message>
   <source>There are too few tokens to compare speeds. Ask for a longer reply.</source>
   <translation>Es sind zu wenige Token, um das Tempo zu vergleichen. Nach einer längeren Antwort fragen.</translation>
  </message>
  <message>
   <source>There is no answer from {host} ({reason}). Check the address, and that the server runs.</source>
   <translation>Von {host} kommt keine Antwort ({reason}). Prüfen Sie die Adresse und ob der Server läuft.</translation>
  </message>
  <message>
   <source>There is no clear difference to the target alone. N-gram drafts cost nothing and need no second model.</source>
   <translation>Es gibt keinen klaren Unterschied zum Ziel allein. N-Gramm-Entwürfe kosten nichts und brauchen kein zweites Modell.</translation>
  </message>
  <message>
   <source>There is no connection to {host}. Check the network and try again, or copy the model file into {folder} by hand.</source>
   <translation>Es gibt keine Verbindung zu {host}. Das Netz prüfen und noch einmal versuchen, oder die Modelldatei von Hand nach {folder} kopieren.</translation>
  </message>
  <message>
   <source>There is no connection to {host}. Check the network and try again, or open a model file of your own.</source>
   <translation>Es gibt keine Verbindung zu {host}. Prüfen Sie das Netz und versuchen Sie es noch einmal, oder öffnen Sie eine eigene Modelldatei.</translation>
  </message>
  <message>
   <source>There is no model at {name}. For a file of the hub, add which one, as in {name}:QUANTISATION; `models search {name}` lists them.</source>
   <translation>Unter {name} gibt es kein Modell. Für eine Datei des Hubs angeben, welche, wie in {name}:QUANTISATION; `models search {name}` zählt sie auf.</translation>
  </message>
  <message>
   <source>There is no model at {path}. Check the path, or choose another model.</source>
   <translation>Unter {path} ist kein Modell. Prüfen Sie den Pfad oder wählen Sie ein anderes Modell.</translation>
  </message>
  <message>
   <source>There is no model in {path}. Choose a GGUF file, or a folder with one or with config.json and .safetensors files.</source>
   <translation>In {path} ist kein Modell. Wählen Sie eine GGUF-Datei, oder einen Ordner mit einer oder mit config.json und .safetensors-Dateien.</translation>
  </message>
  <message>
   <source>There is no model {model} here. Use {known}.</source>
   <translation>Ein Modell {model} gibt es hier nicht. Verwenden Sie {known}.</translation>
  </message>
  <message>
   <source>There is no response {id} here; the server keeps the last {kept} in memory. Send the whole conversation instead.</source>
   <translation>Eine Antwort {id} gibt es hier nicht; der Server behält die letzten {kept} im Arbeitsspeicher. Senden Sie stattdessen die ganze Unterhaltung.</translation>
  </message>
  <message>
   <source>There is no tokenizer in {path}. Copy the model's tokenizer.json into it, or download the whole model again.</source>
   <translation>In {path} ist kein Tokenizer. Die Datei tokenizer.json des Modells hineinkopieren oder das ganze Modell neu herunterladen.</translation>
  </message>
  <message>
   <source>There is no way to {host} through the proxy {proxy}, which is set by {origin}. Check that setting and whether the proxy answers, or copy the model file into {folder} by hand.</source>
   <translation>Es gibt keinen Weg zu {host} durch den Proxy {proxy}, der von {origin} gesetzt ist. Diese Einstellung prüfen und ob der Proxy antwortet, oder die Modelldatei von Hand nach {folder} kopieren.</translation>
  </message>
  <message>
   <source>There is no way to {host} through the proxy {proxy}, which is set by {origin}. Check that setting and whether the proxy answers.</source>
   <translation>Durch den Proxy {proxy}, den {origin} festlegt, führt kein Weg zu {host}. Prüfen Sie diese Einstellung und ob der Proxy antwortet.</translation>
  </message>
  <message>
   <source>There is not enough memory for this. Choose a smaller model or a shorter context, or close other programs.</source>
   <translation>Dafür reicht der Speicher nicht. Ein kleineres Modell oder einen kürzeren Kontext wählen oder andere Programme schließen.</translation>
  </message>
  <message>
   <source>There is not enough memory on {device}. Choose a smaller model, a shorter context or the CPU.</source>
   <translation>Auf {device} reicht der Speicher nicht. Ein kleineres Modell, einen kürzeren Kontext oder die CPU wählen.</translation>
  </message>
  <message>
   <source>There is nothing at {path}, but there is {near}. Correct the base URL of the program: OpenAI's clients take it with /v1, Anthropic's without.</source>
   <translation>Unter {path} gibt es nichts, wohl aber unter {near}. Berichtigen Sie die Basis-URL des Programms: Clients von OpenAI nehmen sie mit /v1, die von Anthropic ohne.</translation>
  </message>
  <message>
   <source>There is nothing at {path}. See /docs for what there is.</source>
   <translation>Unter {path} gibt es nichts. Unter /docs steht, was es gibt.</translation>
  </message>
  <message>
   <source>There is nothing at {path}: this server has no API of Ollama's. Have the program use an OpenAI-compatible server, with a base URL that ends in /v1.</source>
   <translation>Unter {path} gibt es nichts: Dieser Server hat keine API von Ollama. Lassen Sie das Programm einen OpenAI-kompatiblen Server benutzen, mit einer Basis-URL, die auf /v1 endet.</translation>
  </message>
  <message>
   <source>They can be a pair: the draft is a head that fits this target, and drafts from its hidden states.</source>
   <translation>Sie können ein Paar sein: Der Entwurf ist ein Kopf, der zu diesem Ziel passt, und entwirft aus dessen verborgenen Zuständen.</translation>
  </message>
  <message>
   <source>They can be a pair: the draft's tokens are the target's.</source>
   <translation>Sie können ein Paar sein: Die Tokens des Entwurfs sind die des Ziels.</translation>
  </message>
  <message>
   <source>This benchmark is not in the list any more. Run it again.</source>
   <translation>Dieser Benchmark steht nicht mehr in der Liste. Ihn noch einmal starten.</translation>
  </message>
  <message>
   <source>This conversation is not there any more, or not the part of it that was asked for. Open it again from the list.</source>
   <translation>Diese Unterhaltung gibt es nicht mehr, oder nicht den verlangten Teil davon. Sie aus der Liste neu öffnen.</translation>
  </message>
  <message>
   <source>This conversation's chat template cannot be used ({reason}). Correct it under Prompt and sampling, or take the model's own there.</source>
   <translation>Die Chat-Vorlage dieser Unterhaltung ist nicht verwendbar ({reason}). Sie unter Prompt und Sampling verbessern oder dort die des Modells nehmen.</translation>
  </message>
  <message>
   <source>This draft head keeps keys and values of another size than the model, all of whose layers look back over a window, which packed weights cannot do, so Helix uses the fastest other number format.</source>
   <translation>Dieser Entwurfskopf hält Schlüssel und Werte von anderer Größe als das Modell, dessen Schichten alle über ein Fenster zurückblicken, was gepackte Gewichte nicht können; Helix nimmt daher das schnellste andere Zahlenformat.</translation>
  </message>
  <message>
   <source>This key has sent its share of {limit:request|requests} a minute. Wait {seconds:second|seconds} and try again.</source>
   <translation>Dieser Schlüssel hat seinen Anteil von {limit:Anfrage|Anfragen} je Minute verbraucht. Warten Sie {seconds:Sekunde|Sekunden} und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>This model calls tools in a form that a reply cannot be held to. Let {field} be auto or none.</source>
   <translation>Dieses Modell ruft Werkzeuge in einer Form auf, auf die sich eine Antwort nicht festlegen lässt. Setzen Sie {field} auf auto oder none.</translation>
  </message>
  <message>
   <source>This model has no chat template, so it cannot hold a conversation. Choose an instruct or chat model, or use --raw on the command line to continue plain text.</source>
   <translation>Dieses Modell hat keine Chat-Vorlage und kann daher kein Gespräch führen. Ein Instruct- oder Chat-Modell wählen oder auf der Kommandozeile mit --raw reinen Text fortsetzen.</translation>
  </message>
  <message>
   <source>This model has no chat template, so it cannot hold a conversation. Send the text to /v1/completions, or to /generate with raw, which continue it as it stands.</source>
   <translation>Dieses Modell hat keine Chat-Vorlage und kann daher kein Gespräch führen. Senden Sie den Text an /v1/completions oder mit raw an /generate: Sie setzen ihn fort, wie er dasteht.</translation>
  </message>
  <message>
   <source>This model takes a context of {limit:token|tokens} at most, so it cannot be {value}. Use {limit} or fewer, or choose a model with a longer context.</source>
   <translation>Dieses Modell nimmt einen Kontext von höchstens {limit:Token|Token}, es kann also nicht {value} sein. {limit} oder weniger nehmen oder ein Modell mit längerem Kontext wählen.</translation>
  </message>
  <message>
   <source>This model uses {feature}, which Helix does not support yet. Choose another model.</source>
   <translation>Dieses Modell benutzt {feature}, was Helix noch nicht unterstützt. Ein anderes Modell wählen.</translation>
  </message>
  <message>
   <source>This model's chat template cannot be used ({reason}). Choose another model, or use --raw on the command line to continue plain text.</source>
   <translation>Die Chat-Vorlage dieses Modells ist nicht verwendbar ({reason}). Ein anderes Modell wählen oder auf der Kommandozeile mit --raw reinen Text fortsetzen.</translation>
  </message>
  <message>
   <source>This model's chat template knows no tools, or calls them in a way that is not known. Leave the field {field} out, or choose a model that calls tools.</source>
   <translation>Die Chatvorlage dieses Modells kennt keine Werkzeuge oder ruft sie auf unbekannte Weise auf. Lassen Sie das Feld {field} weg, oder wählen Sie ein Modell, das Werkzeuge aufruft.</translation>
  </message>
  <message>
   <source>This model's chat template knows no tools. Leave out the tools and their messages, or choose a model that calls tools.</source>
   <translation>Die Chat-Vorlage dieses Modells kennt keine Werkzeuge. Die Werkzeuge und ihre Nachrichten weglassen oder ein Modell wählen, das Werkzeuge aufruft.</translation>
  </message>
  <message>
   <source>This model's chat template refuses the conversation: {reason}. Start a new conversation, leave out the system prompt, or use --raw on the command line to continue plain text.</source>
   <translation>Die Chat-Vorlage dieses Modells lehnt die Unterhaltung ab: {reason}. Eine neue Unterhaltung beginnen, den Systemprompt weglassen oder auf der Kommandozeile mit --raw reinen Text fortsetzen.</translation>
  </message>
  <message>
   <source>This model's chat template takes no system prompt ({reason}), so Helix put it at the beginning of the first message. Leave the system prompt empty to send none.</source>
   <translation>Die Chat-Vorlage dieses Modells nimmt keinen Systemprompt ({reason}), daher steht er am Anfang der ersten Nachricht. Den Systemprompt leer lassen, um keinen zu senden.</translation>
  </message>
  <message>
   <source>This model's file does not say how text is cut into tokens. Helix cuts as {family} does, so replies may be worse than they could be. Look for a newer file of this model.</source>
   <translation>Die Datei dieses Modells sagt nicht, wie Text in Token geschnitten wird. Helix schneidet wie {family}; Antworten können daher schlechter sein als möglich. Nach einer neueren Datei dieses Modells sehen.</translation>
  </message>
  <message>
   <source>This model's weights are not packed, or in a way that Helix has no kernel for, so Helix uses the fastest other number format.</source>
   <translation>Die Gewichte dieses Modells sind nicht gepackt, oder so, dass Helix dafür keinen Kernel hat; daher nimmt Helix das schnellste andere Zahlenformat.</translation>
  </message>
  <message>
   <source>This pair is faster than the target alone, and draft auto takes it from now on.</source>
   <translation>Dieses Paar ist schneller als das Ziel allein, und der Entwurf Auto nimmt es von nun an.</translation>
  </message>
  <message>
   <source>This pair is faster than the target alone.</source>
   <translation>Dieses Paar ist schneller als das Ziel allein.</translation>
  </message>
  <message>
   <source>This pair is slower than the target alone. Choose n-gram drafts, which cost nothing, or a smaller draft.</source>
   <translation>Dieses Paar ist langsamer als das Ziel allein. Wählen Sie N-Gramm-Entwürfe, die nichts kosten, oder einen kleineren Entwurf.</translation>
  </message>
  <message>
   <source>This user has no home folder on this computer. Set HELIX_HOME to the full path of a folder where Helix may keep its files.</source>
   <translation>Für diesen Benutzer gibt es auf diesem Computer keinen Benutzerordner. HELIX_HOME auf den vollen Pfad eines Ordners setzen, in dem Helix seine Dateien ablegen darf.</translation>
  </message>
  <message>
   <source>Time to first token</source>
   <translation>Zeit bis zum ersten Token</translation>
  </message>
  <message>
   <source>Together</source>
   <translation>Zusammen</translation>
  </message>
  <message>
   <source>Tokens</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>Tokens per pass</source>
   <translation>Token je Durchgang</translation>
  </message>
  <message>
   <source>Too many levels of symbolic links</source>
   <translation>Zu viele verkettete Verknüpfungen</translation>
  </message>
  <message>
   <source>Too many open files</source>
   <translation>Zu viele offene Dateien</translation>
  </message>
  <message>
   <source>Too many open files in system</source>
   <translation>Zu viele offene Dateien im System</translation>
  </message>
  <message>
   <source>Triton, which {device} needs to multiply with packed weights, is not installed, so Helix unpacks them into 16 bits, which takes more memory. On Linux PyTorch's builds for cards bring it.</source>
   <translation>Triton, das {device} zum Rechnen mit gepackten Gewichten braucht, ist nicht installiert, daher entpackt Helix sie auf 16 Bit, was mehr Speicher braucht. Unter Linux bringen es die PyTorch-Fassungen für Grafikkarten mit.</translation>
  </message>
  <message>
   <source>Two models are being tried as a pair, and that needs the engine to itself. Wait for it or stop it, then try again.</source>
   <translation>Zwei Modelle werden gerade als Paar ausprobiert, und das braucht die Engine für sich. Warten Sie oder brechen Sie es ab, und versuchen Sie es dann noch einmal.</translation>
  </message>
  <message>
   <source>Two models, the same text: {n:token|tokens}</source>
   <translation>Zwei Modelle, derselbe Text: {n:Token|Token}</translation>
  </message>
  <message>
   <source>Two models: each writes its own text, so compare what they say and how fast</source>
   <translation>Zwei Modelle: Jedes schreibt seinen eigenen Text; also vergleichen, was sie sagen und wie schnell</translation>
  </message>
  <message>
   <source>Use one of: {choices}, or an adapter by its number, such as directml:1.</source>
   <translation>Möglich sind: {choices}, oder ein Adapter mit seiner Nummer, etwa directml:1.</translation>
  </message>
  <message>
   <source>Use one of: {choices}.</source>
   <translation>Möglich sind: {choices}.</translation>
  </message>
  <message>
   <source>Use {n:token|tokens} or more.</source>
   <translation>Mindestens {n:Token|Token} wählen.</translation>
  </message>
  <message>
   <source>Verdict</source>
   <translation>Urteil</translation>
  </message>
  <message>
   <source>Verify ms</source>
   <translation>Prüfung ms</translation>
  </message>
  <message>
   <source>Versions</source>
   <translation>Versionen</translation>
  </message>
  <message>
   <source>Vocabulary</source>
   <translation>Vokabular</translation>
  </message>
  <message>
   <source>Warming up</source>
   <translation>Wird aufgewärmt</translation>
  </message>
  <message>
   <source>Weights</source>
   <translation>Gewichte</translation>
  </message>
  <message>
   <source>Weights of the draft</source>
   <translation>Gewichte des Entwurfs</translation>
  </message>
  <message>
   <source>What answers at {host} is not an OpenAI-compatible API ({reason}). Check the address, which often ends in /v1.</source>
   <translation>Was unter {host} antwortet, ist keine API wie die von OpenAI ({reason}). Prüfen Sie die Adresse, die oft auf /v1 endet.</translation>
  </message>
  <message>
   <source>What arrived for {name} is not the expected file (its checksum differs), so it was deleted. Try again.</source>
   <translation>Was für {name} ankam, ist nicht die erwartete Datei (ihre Prüfsumme weicht ab), daher wurde sie gelöscht. Noch einmal versuchen.</translation>
  </message>
  <message>
   <source>What there is of this reply already is not of the form asked for, or complete. Start the reply anew.</source>
   <translation>Was von dieser Antwort schon da ist, hat nicht die verlangte Form oder ist vollständig. Die Antwort neu beginnen.</translation>
  </message>
  <message>
   <source>What was asked could not be written in {folder}: {reason}. {hint} Then try again.</source>
   <translation>Das Verlangte ließ sich nicht in {folder} schreiben: {reason}. {hint} Dann noch einmal versuchen.</translation>
  </message>
  <message>
   <source>What was learnt could not be wiped in {folder}. Check the permissions of that folder and try again.</source>
   <translation>Das Gelernte ließ sich in {folder} nicht löschen. Die Rechte dieses Ordners prüfen und noch einmal versuchen.</translation>
  </message>
  <message>
   <source>What was measured could not be wiped in {folder}. Check the permissions of that folder and try again.</source>
   <translation>Das Gemessene ließ sich in {folder} nicht löschen. Die Rechte dieses Ordners prüfen und noch einmal versuchen.</translation>
  </message>
  <message>
   <source>Without the draft: {need}</source>
   <translation>Ohne den Entwurf: {need}</translation>
  </message>
  <message>
   <source>`serve --ray` needs Ray Serve, which is not installed ({missing}). Install it: `python -m pip install "helix-app[cluster]"`; Ray runs on Linux and macOS.</source>
   <translation>`serve --ray` braucht Ray Serve, das nicht installiert ist ({missing}). Installieren Sie es: `python -m pip install "helix-app[cluster]"`; Ray läuft unter Linux und macOS.</translation>
  </message>
  <message>
   <source>a feed-forward size of its own in each layer</source>
   <translation>eine eigene Größe des Perzeptrons in jeder Schicht</translation>
  </message>
  <message>
   <source>a key has a place of its own</source>
   <translation>ein Schlüssel hat ein eigenes Feld</translation>
  </message>
  <message>
   <source>a later version of Helix wrote it</source>
   <translation>eine spätere Version von Helix hat sie geschrieben</translation>
  </message>
  <message>
   <source>a number of heads of its own in each layer</source>
   <translation>eine eigene Anzahl von Köpfen in jeder Schicht</translation>
  </message>
  <message>
   <source>a number of key/value heads of its own in each layer</source>
   <translation>eine eigene Anzahl von Köpfen für Schlüssel und Werte in jeder Schicht</translation>
  </message>
  <message>
   <source>a number of {key} of its own in each layer</source>
   <translation>eine eigene Anzahl von {key} in jeder Schicht</translation>
  </message>
  <message>
   <source>a probe: is drafting worth it again?</source>
   <translation>eine Probe: Lohnt sich das Entwerfen wieder?</translation>
  </message>
  <message>
   <source>a softcap of attention scores</source>
   <translation>eine weiche Obergrenze der Aufmerksamkeit</translation>
  </message>
  <message>
   <source>a tokenizer of the kind {kind}</source>
   <translation>einen Tokenizer der Art {kind}</translation>
  </message>
  <message>
   <source>acceptance fell under 30 %, so k shrinks</source>
   <translation>die Annahme fiel unter 30 %, daher sinkt k</translation>
  </message>
  <message>
   <source>acceptance is high, so k grows</source>
   <translation>die Annahme ist hoch, daher wächst k</translation>
  </message>
  <message>
   <source>acceptance is low, so k shrinks</source>
   <translation>die Annahme ist niedrig, daher sinkt k</translation>
  </message>
  <message>
   <source>acceptance is steady</source>
   <translation>die Annahme ist gleichmäßig</translation>
  </message>
  <message>
   <source>all parts together hold {count} of {wanted:tensor|tensors}</source>
   <translation>alle Teile zusammen enthalten {count} von {wanted:Tensor|Tensoren}</translation>
  </message>
  <message>
   <source>another Helix has it</source>
   <translation>ein anderes Helix hat sie</translation>
  </message>
  <message>
   <source>another one, which the draft reads</source>
   <translation>eine andere; der Entwurf liest seine eigene</translation>
  </message>
  <message>
   <source>another one; the draft reads the target's</source>
   <translation>eine andere; der Entwurf liest die des Ziels</translation>
  </message>
  <message>
   <source>another program uses the file</source>
   <translation>ein anderes Programm benutzt die Datei</translation>
  </message>
  <message>
   <source>attention to later tokens</source>
   <translation>Aufmerksamkeit auf spätere Token</translation>
  </message>
  <message>
   <source>before the target's layers {layers}</source>
   <translation>vor den Schichten {layers} des Ziels</translation>
  </message>
  <message>
   <source>both hold {name}</source>
   <translation>beide enthalten {name}</translation>
  </message>
  <message>
   <source>config.json has no {key}</source>
   <translation>in config.json fehlt {key}</translation>
  </message>
  <message>
   <source>context full</source>
   <translation>Kontext voll</translation>
  </message>
  <message>
   <source>conversation {number}: {said}</source>
   <translation>Unterhaltung {number}: {said}</translation>
  </message>
  <message>
   <source>cpu</source>
   <translation>Prozessor</translation>
  </message>
  <message>
   <source>d2t names tokens that are not there, or twice the same</source>
   <translation>d2t nennt Tokens, die es nicht gibt, oder zweimal dasselbe</translation>
  </message>
  <message>
   <source>device</source>
   <translation>Gerät</translation>
  </message>
  <message>
   <source>device in use</source>
   <translation>benutztes Gerät</translation>
  </message>
  <message>
   <source>draft</source>
   <translation>Entwurf</translation>
  </message>
  <message>
   <source>draft {draft}</source>
   <translation>Entwurf {draft}</translation>
  </message>
  <message>
   <source>drafting has cost enough for now, so Helix decodes plainly</source>
   <translation>Entwerfen hat vorerst genug gekostet, daher dekodiert Helix einfach</translation>
  </message>
  <message>
   <source>drafts were rarely accepted, so Helix decodes plainly</source>
   <translation>Entwürfe wurden selten angenommen, daher dekodiert Helix einfach</translation>
  </message>
  <message>
   <source>dtype</source>
   <translation>Zahlenformat</translation>
  </message>
  <message>
   <source>dtype in use</source>
   <translation>benutztes Zahlenformat</translation>
  </message>
  <message>
   <source>end of reply</source>
   <translation>Ende der Antwort</translation>
  </message>
  <message>
   <source>finished</source>
   <translation>fertig</translation>
  </message>
  <message>
   <source>first rounds of a reply</source>
   <translation>erste Runden einer Antwort</translation>
  </message>
  <message>
   <source>fixed by the setting</source>
   <translation>durch die Einstellung festgelegt</translation>
  </message>
  <message>
   <source>greedy</source>
   <translation>ohne Zufall</translation>
  </message>
  <message>
   <source>has a part that is no text, and Helix keeps text only</source>
   <translation>hat einen Teil, der kein Text ist, und Helix bewahrt nur Text auf</translation>
  </message>
  <message>
   <source>has no role, and Helix keeps messages of user, assistant and system only</source>
   <translation>hat keine Rolle, und Helix bewahrt nur Nachrichten von user, assistant und system auf</translation>
  </message>
  <message>
   <source>has no text</source>
   <translation>hat keinen Text</translation>
  </message>
  <message>
   <source>has the role {role}, and Helix keeps messages of user, assistant and system only</source>
   <translation>hat die Rolle {role}, und Helix bewahrt nur Nachrichten von user, assistant und system auf</translation>
  </message>
  <message>
   <source>is no object</source>
   <translation>ist kein Objekt</translation>
  </message>
  <message>
   <source>it asks for a text or a list without measure</source>
   <translation>sie verlangt einen Text oder eine Liste ohne Maß</translation>
  </message>
  <message>
   <source>it begins with zeros, as a download does that has not ended</source>
   <translation>sie beginnt mit Nullen, wie ein Download, der nicht zu Ende ist</translation>
  </message>
  <message>
   <source>it does not begin with GGUF</source>
   <translation>sie beginnt nicht mit GGUF</translation>
  </message>
  <message>
   <source>it does not run models of this kind</source>
   <translation>Modelle dieser Art laufen darauf nicht</translation>
  </message>
  <message>
   <source>it does not say which version it is</source>
   <translation>sie sagt nicht, welche Version sie hat</translation>
  </message>
  <message>
   <source>it failed</source>
   <translation>es ist ausgefallen</translation>
  </message>
  <message>
   <source>it failed while loading</source>
   <translation>es ist beim Laden ausgefallen</translation>
  </message>
  <message>
   <source>it has no list of conversations</source>
   <translation>es fehlt eine Liste von Unterhaltungen</translation>
  </message>
  <message>
   <source>it has no list of messages</source>
   <translation>es fehlt eine Liste von Nachrichten</translation>
  </message>
  <message>
   <source>it has no list of models</source>
   <translation>er hat keine Liste von Modellen</translation>
  </message>
  <message>
   <source>it has no message of a person or a model</source>
   <translation>es fehlt eine Nachricht eines Menschen oder eines Modells</translation>
  </message>
  <message>
   <source>it has over {n:character|characters}</source>
   <translation>sie hat über {n:Zeichen|Zeichen}</translation>
  </message>
  <message>
   <source>it has {has}</source>
   <translation>sie hat {has}</translation>
  </message>
  <message>
   <source>it has {n:character|characters}</source>
   <translation>sie hat {n:Zeichen|Zeichen}</translation>
  </message>
  <message>
   <source>it has {size:byte|bytes} so far</source>
   <translation>sie hat bisher {size:Byte|Bytes}</translation>
  </message>
  <message>
   <source>it is a .safetensors file without the config.json that belongs to it</source>
   <translation>sie ist eine .safetensors-Datei ohne die config.json, die dazugehört</translation>
  </message>
  <message>
   <source>it is an archive, {kind}, which has to be unpacked first</source>
   <translation>sie ist ein Archiv ({kind}), das zuerst entpackt werden muss</translation>
  </message>
  <message>
   <source>it is cut off, with {has}</source>
   <translation>sie ist abgeschnitten, mit {has}</translation>
  </message>
  <message>
   <source>it is empty</source>
   <translation>sie ist leer</translation>
  </message>
  <message>
   <source>it is empty, with 0 bytes</source>
   <translation>sie ist leer, mit 0 Bytes</translation>
  </message>
  <message>
   <source>it is nested too deeply</source>
   <translation>es ist zu tief verschachtelt</translation>
  </message>
  <message>
   <source>it is no JSON ({said})</source>
   <translation>sie ist kein JSON ({said})</translation>
  </message>
  <message>
   <source>it is no list of models</source>
   <translation>es ist keine Liste von Modellen</translation>
  </message>
  <message>
   <source>it is not text</source>
   <translation>es ist kein Text</translation>
  </message>
  <message>
   <source>it is not the address of a server</source>
   <translation>sie ist nicht die Adresse eines Servers</translation>
  </message>
  <message>
   <source>it is not the {encoding} that it begins as</source>
   <translation>sie ist nicht das {encoding}, als das sie beginnt</translation>
  </message>
  <message>
   <source>it is text</source>
   <translation>sie ist Text</translation>
  </message>
  <message>
   <source>it makes a number of more than twenty thousand digits</source>
   <translation>sie macht eine Zahl von mehr als zwanzigtausend Stellen</translation>
  </message>
  <message>
   <source>it makes a text of more than {millions} million characters</source>
   <translation>sie macht einen Text von mehr als {millions} Millionen Zeichen</translation>
  </message>
  <message>
   <source>it pads a text without measure</source>
   <translation>sie füllt einen Text ohne Maß auf</translation>
  </message>
  <message>
   <source>it says no more</source>
   <translation>mehr sagt er nicht</translation>
  </message>
  <message>
   <source>it sends no JSON</source>
   <translation>er sendet kein JSON</translation>
  </message>
  <message>
   <source>it stopped working</source>
   <translation>es arbeitet nicht mehr</translation>
  </message>
  <message>
   <source>it stopped working; close Helix and start it again to use it</source>
   <translation>es arbeitet nicht mehr; Helix schließen und neu starten, um es zu verwenden</translation>
  </message>
  <message>
   <source>it takes longer than {seconds} seconds</source>
   <translation>sie braucht länger als {seconds} Sekunden</translation>
  </message>
  <message>
   <source>it was closed too early</source>
   <translation>sie wurde zu früh geschlossen</translation>
  </message>
  <message>
   <source>its checksum is not that of the model</source>
   <translation>ihre Prüfsumme ist nicht die des Modells</translation>
  </message>
  <message>
   <source>its driver does not answer ({problem})</source>
   <translation>sein Treiber antwortet nicht ({problem})</translation>
  </message>
  <message>
   <source>its header has no {key}</source>
   <translation>in ihrem Kopf fehlt {key}</translation>
  </message>
  <message>
   <source>its maker names it</source>
   <translation>sein Hersteller nennt es</translation>
  </message>
  <message>
   <source>its name ends in .gguf, but it is no GGUF file ({content})</source>
   <translation>ihr Name endet auf .gguf, aber sie ist keine GGUF-Datei ({content})</translation>
  </message>
  <message>
   <source>its page says which</source>
   <translation>seine Seite sagt, welches</translation>
  </message>
  <message>
   <source>its probe could not be started ({said})</source>
   <translation>seine Probe ließ sich nicht starten ({said})</translation>
  </message>
  <message>
   <source>layer {layer} cannot share keys and values with layer {other}</source>
   <translation>Schicht {layer} kann Schlüssel und Werte nicht mit Schicht {other} teilen</translation>
  </message>
  <message>
   <source>layers of the kind {kind}</source>
   <translation>Schichten der Art {kind}</translation>
  </message>
  <message>
   <source>layers with a state of no size</source>
   <translation>Schichten mit einem Zustand ohne Größe</translation>
  </message>
  <message>
   <source>line {number} is no JSON ({said})</source>
   <translation>Zeile {number} ist kein JSON ({said})</translation>
  </message>
  <message>
   <source>line {number}: {said}</source>
   <translation>Zeile {number}: {said}</translation>
  </message>
  <message>
   <source>max_tokens</source>
   <translation>längste Antwort</translation>
  </message>
  <message>
   <source>measured: drafting here would be slower than plain decoding</source>
   <translation>gemessen: Entwerfen wäre hier langsamer als einfache Dekodierung</translation>
  </message>
  <message>
   <source>measured: this k gives most tokens per second</source>
   <translation>gemessen: Dieses k gibt die meisten Token je Sekunde</translation>
  </message>
  <message>
   <source>message {number} {said}</source>
   <translation>Nachricht {number} {said}</translation>
  </message>
  <message>
   <source>mixture of experts</source>
   <translation>eine Mischung von Experten</translation>
  </message>
  <message>
   <source>n-gram</source>
   <translation>N-Gramm</translation>
  </message>
  <message>
   <source>no DirectX 12 device was found</source>
   <translation>kein DirectX-12-Gerät wurde gefunden</translation>
  </message>
  <message>
   <source>no draft is loaded</source>
   <translation>kein Entwurf ist geladen</translation>
  </message>
  <message>
   <source>no significant difference</source>
   <translation>kein signifikanter Unterschied</translation>
  </message>
  <message>
   <source>none</source>
   <translation>keine</translation>
  </message>
  <message>
   <source>nonsense in its header</source>
   <translation>Unsinn in ihrem Kopf</translation>
  </message>
  <message>
   <source>nonsense in its header ({said})</source>
   <translation>Unsinn in ihrem Kopf ({said})</translation>
  </message>
  <message>
   <source>nonsense in {file} ({said})</source>
   <translation>Unsinn in {file} ({said})</translation>
  </message>
  <message>
   <source>not enough memory on it</source>
   <translation>der Speicher darauf reicht nicht</translation>
  </message>
  <message>
   <source>odd head size {size}</source>
   <translation>ungerade Kopfgröße {size}</translation>
  </message>
  <message>
   <source>one of them has none</source>
   <translation>eines von beiden hat keine</translation>
  </message>
  <message>
   <source>one plain step, to know what plain decoding costs</source>
   <translation>ein einfacher Schritt, um zu wissen, was einfache Dekodierung kostet</translation>
  </message>
  <message>
   <source>only {n} of {all:reply|replies}</source>
   <translation>nur {n} von {all:Antwort|Antworten}</translation>
  </message>
  <message>
   <source>over {n}</source>
   <translation>über {n}</translation>
  </message>
  <message>
   <source>own layer (mtp)</source>
   <translation>eigene Schicht (mtp)</translation>
  </message>
  <message>
   <source>partial rotary embeddings</source>
   <translation>Rotationseinbettungen eines Teils der Zahlen</translation>
  </message>
  <message>
   <source>pip's configuration</source>
   <translation>die Konfiguration von pip</translation>
  </message>
  <message>
   <source>rotary scaling in layers with a window</source>
   <translation>Rotationsskalierung in Schichten mit Fenster</translation>
  </message>
  <message>
   <source>scaled weights of experts</source>
   <translation>skalierte Gewichte von Experten</translation>
  </message>
  <message>
   <source>sizes of a recurrent layer are {sizes}</source>
   <translation>die Größen einer rekurrenten Schicht sind {sizes}</translation>
  </message>
  <message>
   <source>sizes of layer {layer} out of range</source>
   <translation>Größen der Schicht {layer} außerhalb des Möglichen</translation>
  </message>
  <message>
   <source>sliding-window attention</source>
   <translation>Aufmerksamkeit mit gleitendem Fenster</translation>
  </message>
  <message>
   <source>speculation is off</source>
   <translation>Spekulation ist aus</translation>
  </message>
  <message>
   <source>stop text</source>
   <translation>Stopptext</translation>
  </message>
  <message>
   <source>stopped</source>
   <translation>gestoppt</translation>
  </message>
  <message>
   <source>system</source>
   <translation>System</translation>
  </message>
  <message>
   <source>target</source>
   <translation>Zielmodell</translation>
  </message>
  <message>
   <source>temperature</source>
   <translation>Temperatur</translation>
  </message>
  <message>
   <source>temperature {t}</source>
   <translation>Temperatur {t}</translation>
  </message>
  <message>
   <source>that one is part {number} of {count} by its header</source>
   <translation>diese ist nach ihrem Kopf Teil {number} von {count}</translation>
  </message>
  <message>
   <source>the activation {name}</source>
   <translation>die Aktivierung {name}</translation>
  </message>
  <message>
   <source>the attention scale</source>
   <translation>der Faktor der Aufmerksamkeit</translation>
  </message>
  <message>
   <source>the attention window</source>
   <translation>das Fenster der Aufmerksamkeit</translation>
  </message>
  <message>
   <source>the disk does not read or write the file</source>
   <translation>der Datenträger liest oder schreibt die Datei nicht</translation>
  </message>
  <message>
   <source>the disk is full</source>
   <translation>der Datenträger ist voll</translation>
  </message>
  <message>
   <source>the draft found nothing to propose</source>
   <translation>der Entwurf fand nichts vorzuschlagen</translation>
  </message>
  <message>
   <source>the embedding scale</source>
   <translation>der Faktor der Einbettung</translation>
  </message>
  <message>
   <source>the end of the reply</source>
   <translation>das Ende der Antwort</translation>
  </message>
  <message>
   <source>the engine stopped while loading on it</source>
   <translation>die Engine wurde beim Laden darauf beendet</translation>
  </message>
  <message>
   <source>the experts of a row</source>
   <translation>die Experten einer Zeile</translation>
  </message>
  <message>
   <source>the file cannot be opened</source>
   <translation>die Datei lässt sich nicht öffnen</translation>
  </message>
  <message>
   <source>the file is damaged</source>
   <translation>die Datei ist beschädigt</translation>
  </message>
  <message>
   <source>the file or its folder may only be read</source>
   <translation>die Datei oder ihr Ordner darf nur gelesen werden</translation>
  </message>
  <message>
   <source>the folder has no {what}</source>
   <translation>im Ordner fehlt {what}</translation>
  </message>
  <message>
   <source>the grammar leaves no other tokens</source>
   <translation>die Grammatik lässt keine anderen Token zu</translation>
  </message>
  <message>
   <source>the length of its steps</source>
   <translation>die Länge ihrer Schritte</translation>
  </message>
  <message>
   <source>the logit scale</source>
   <translation>der Faktor der Logits</translation>
  </message>
  <message>
   <source>the logit softcap</source>
   <translation>die weiche Obergrenze der Logits</translation>
  </message>
  <message>
   <source>the message before {id} is not there</source>
   <translation>die Nachricht vor {id} fehlt</translation>
  </message>
  <message>
   <source>the number of experts</source>
   <translation>die Anzahl der Experten</translation>
  </message>
  <message>
   <source>the original context</source>
   <translation>der ursprüngliche Kontext</translation>
  </message>
  <message>
   <source>the original files of Llama or Mistral, consolidated and params.json</source>
   <translation>die ursprünglichen Dateien von Llama oder Mistral, consolidated und params.json</translation>
  </message>
  <message>
   <source>the probe was stopped</source>
   <translation>die Probe wurde angehalten</translation>
  </message>
  <message>
   <source>the reply is close to its token limit</source>
   <translation>die Antwort ist nahe an ihrer Token-Grenze</translation>
  </message>
  <message>
   <source>the residual scale</source>
   <translation>der Faktor des Residuums</translation>
  </message>
  <message>
   <source>the rotary embedding of layer {layer} has another head size</source>
   <translation>die Rotationseinbettung der Schicht {layer} hat eine andere Kopfgröße</translation>
  </message>
  <message>
   <source>the rotary factor</source>
   <translation>der Rotationsfaktor</translation>
  </message>
  <message>
   <source>the same</source>
   <translation>dieselbe</translation>
  </message>
  <message>
   <source>the size of an expert</source>
   <translation>die Größe eines Experten</translation>
  </message>
  <message>
   <source>the size of the shared expert</source>
   <translation>die Größe des gemeinsamen Experten</translation>
  </message>
  <message>
   <source>the system keeps this port back; those from 1024 on are free to all programs</source>
   <translation>das System hält diesen Port zurück; die ab 1024 stehen allen Programmen frei</translation>
  </message>
  <message>
   <source>the system's settings</source>
   <translation>die Einstellungen des Systems</translation>
  </message>
  <message>
   <source>the temperature of attention</source>
   <translation>die Temperatur der Aufmerksamkeit</translation>
  </message>
  <message>
   <source>the {library} driver does not answer</source>
   <translation>der {library}-Treiber antwortet nicht</translation>
  </message>
  <message>
   <source>there is no conversation in it</source>
   <translation>sie enthält keine Unterhaltung</translation>
  </message>
  <message>
   <source>this PyTorch was built without CUDA and ROCm</source>
   <translation>dieses PyTorch wurde ohne CUDA und ROCm gebaut</translation>
  </message>
  <message>
   <source>this computer has no such address</source>
   <translation>dieser Computer hat keine solche Adresse</translation>
  </message>
  <message>
   <source>this kind of model does not run on DirectML</source>
   <translation>Modelle dieser Art laufen nicht auf DirectML</translation>
  </message>
  <message>
   <source>threads</source>
   <translation>Threads</translation>
  </message>
  <message>
   <source>token limit</source>
   <translation>Token-Grenze</translation>
  </message>
  <message>
   <source>too few replies for a verdict</source>
   <translation>zu wenige Antworten für ein Urteil</translation>
  </message>
  <message>
   <source>torch-directml cannot be used ({said})</source>
   <translation>torch-directml ist nicht verwendbar ({said})</translation>
  </message>
  <message>
   <source>torch-directml crashed when it was asked ({said})</source>
   <translation>torch-directml ist beim Fragen abgestürzt ({said})</translation>
  </message>
  <message>
   <source>torch-directml did not answer within {seconds} s</source>
   <translation>torch-directml hat in {seconds} s nicht geantwortet</translation>
  </message>
  <message>
   <source>torch-directml gave no readable answer</source>
   <translation>torch-directml gab keine lesbare Antwort</translation>
  </message>
  <message>
   <source>torch-directml is not installed</source>
   <translation>torch-directml ist nicht installiert</translation>
  </message>
  <message>
   <source>two messages have the id {id}</source>
   <translation>zwei Nachrichten haben die Kennung {id}</translation>
  </message>
  <message>
   <source>up to {n:token|tokens} a reply</source>
   <translation>bis zu {n:Token|Token} je Antwort</translation>
  </message>
  <message>
   <source>values of another size than keys</source>
   <translation>Werte von anderer Größe als die Schlüssel</translation>
  </message>
  <message>
   <source>weights of GGUF type {kind}</source>
   <translation>Gewichte vom GGUF-Typ {kind}</translation>
  </message>
  <message>
   <source>{address} cannot be used as the address of a server: {reason}. Write it as http://host:port.</source>
   <translation>{address} kann nicht als Adresse eines Servers verwendet werden: {reason}. Schreiben Sie sie als http://host:port.</translation>
  </message>
  <message>
   <source>{arm} failed on the prompt {prompt} and was left out from there on. {reason}</source>
   <translation>{arm} scheiterte am Prompt {prompt} und blieb von da an weg. {reason}</translation>
  </message>
  <message>
   <source>{a} and {b}</source>
   <translation>{a} und {b}</translation>
  </message>
  <message>
   <source>{a} and {b} have no prompt in common. Compare two runs over the same kinds or the same prompt file.</source>
   <translation>{a} und {b} haben keinen Prompt gemeinsam. Zwei Läufe über dieselben Arten oder dieselbe Prompt-Datei vergleichen.</translation>
  </message>
  <message>
   <source>{count} descriptions of {layers} layers</source>
   <translation>{count} Beschreibungen von {layers} Schichten</translation>
  </message>
  <message>
   <source>{count} of {layers} layers recurrent</source>
   <translation>{count} von {layers} Schichten rekurrent</translation>
  </message>
  <message>
   <source>{count} rotary divisors for a head size of {size}</source>
   <translation>{count} Rotationsteiler für eine Kopfgröße von {size}</translation>
  </message>
  <message>
   <source>{cpu}, {cores:core|cores}, threads used: {threads}</source>
   <translation>{cpu}, {cores:Kern|Kerne}, benutzte Threads: {threads}</translation>
  </message>
  <message>
   <source>{device} cannot go on ({reason}), so Helix goes on with the same reply on the CPU. Load the model again to use it once more.</source>
   <translation>{device} kann nicht weitermachen ({reason}), daher macht Helix mit derselben Antwort auf der CPU weiter. Das Modell neu laden, um es wieder zu benutzen.</translation>
  </message>
  <message>
   <source>{device} could not be used ({reason}), so Helix runs on the CPU.</source>
   <translation>{device} war nicht verwendbar ({reason}), daher läuft Helix auf der CPU.</translation>
  </message>
  <message>
   <source>{device} failed the trial of its kernels for packed weights, so Helix unpacks them into 16 bits, which takes more memory. The log file says why; `doctor --forget-measured` tries again.</source>
   <translation>{device} hat die Probe der Kernel für gepackte Gewichte nicht bestanden, daher entpackt Helix sie auf 16 Bit, was mehr Speicher braucht. Den Grund nennt die Protokolldatei; `doctor --forget-measured` versucht es erneut.</translation>
  </message>
  <message>
   <source>{draft} a drafted token, {verify} to verify {k}</source>
   <translation>{draft} je entworfenem Token, {verify} zum Prüfen von {k}</translation>
  </message>
  <message>
   <source>{draft} of the target's {target} tokens</source>
   <translation>{draft} der {target} Tokens des Ziels</translation>
  </message>
  <message>
   <source>{faster} decodes {percent} faster than {slower} here.</source>
   <translation>{faster} dekodiert hier {percent} schneller als {slower}.</translation>
  </message>
  <message>
   <source>{file} cannot be read ({said})</source>
   <translation>{file} ist nicht lesbar ({said})</translation>
  </message>
  <message>
   <source>{file} cannot be read. Check that the file is there and that you may open it.</source>
   <translation>{file} ist nicht lesbar. Prüfen, ob die Datei da ist und geöffnet werden darf.</translation>
  </message>
  <message>
   <source>{file} has no map of its weights</source>
   <translation>{file} hat kein Verzeichnis seiner Gewichte</translation>
  </message>
  <message>
   <source>{file} is no run that this Helix can read: it is damaged, incomplete or from a newer version. Have it saved again, or open another file.</source>
   <translation>{file} ist kein Lauf, den dieses Helix lesen kann: Er ist beschädigt, unvollständig oder von einer neueren Version. Ihn neu speichern lassen oder eine andere Datei öffnen.</translation>
  </message>
  <message>
   <source>{file} is not an object</source>
   <translation>{file} ist kein Objekt</translation>
  </message>
  <message>
   <source>{file} is not whole yet</source>
   <translation>{file} ist noch nicht ganz da</translation>
  </message>
  <message>
   <source>{heads} heads over {kv} key/value heads</source>
   <translation>{heads} Köpfe über {kv} Köpfen für Schlüssel und Werte</translation>
  </message>
  <message>
   <source>{heads} heads over {kv} of {size} in layer {layer}</source>
   <translation>{heads} Köpfe über {kv} von {size} in Schicht {layer}</translation>
  </message>
  <message>
   <source>{host} can be reached from other computers, so the server needs a key there. Give one with --api-key or in HELIX_API_KEY, or leave out --host.</source>
   <translation>{host} ist von anderen Computern aus erreichbar, deshalb braucht der Server dort einen Schlüssel. Geben Sie einen mit --api-key oder in HELIX_API_KEY an, oder lassen Sie --host weg.</translation>
  </message>
  <message>
   <source>{host} does not answer as a hub of models does. Check HF_ENDPOINT, or try again later.</source>
   <translation>{host} antwortet nicht wie ein Hub für Modelle. Prüfen Sie HF_ENDPOINT, oder versuchen Sie es später noch einmal.</translation>
  </message>
  <message>
   <source>{host} does not give {name} to you. Accept its terms on the page of {repo} there, keep an access token on the page Models or in HF_TOKEN, then try again.</source>
   <translation>{host} gibt Ihnen {name} nicht. Nehmen Sie dort auf der Seite von {repo} die Bedingungen an, hinterlegen Sie ein Zugangstoken auf der Seite Modelle oder in HF_TOKEN, und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>{host} does not take {fields}, so it decides that itself.</source>
   <translation>{host} nimmt {fields} nicht an und entscheidet das daher selbst.</translation>
  </message>
  <message>
   <source>{host} ended the reply by its content filter. Ask in other words, or ask another model.</source>
   <translation>{host} hat die Antwort durch seinen Inhaltsfilter beendet. Fragen Sie mit anderen Worten oder fragen Sie ein anderes Modell.</translation>
  </message>
  <message>
   <source>{host} failed at the reply ({reason}). Try again; if it repeats, look into the server's own log.</source>
   <translation>{host} ist an der Antwort gescheitert ({reason}). Versuchen Sie es noch einmal; wiederholt es sich, sehen Sie in das Protokoll des Servers.</translation>
  </message>
  <message>
   <source>{host} gets too many requests from here just now. Wait a few minutes and try again.</source>
   <translation>{host} bekommt von hier gerade zu viele Anfragen. Warten Sie ein paar Minuten und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>{host} gets too many requests from here just now. Wait a few minutes and try again; it continues where it stopped.</source>
   <translation>{host} bekommt von hier gerade zu viele Anfragen. Warten Sie ein paar Minuten und versuchen Sie es noch einmal; es geht weiter, wo es aufgehört hat.</translation>
  </message>
  <message>
   <source>{host} gives {name} only to those who are logged in, or no longer has it. Make an access token there and keep it on the page Models or in HF_TOKEN, then try again.</source>
   <translation>{host} gibt {name} nur angemeldeten Personen, oder hat es nicht mehr. Erstellen Sie dort ein Zugangstoken, hinterlegen Sie es auf der Seite Modelle oder in HF_TOKEN, und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>{host} has a fault of its own just now. Try again later.</source>
   <translation>{host} hat gerade selbst eine Störung. Versuchen Sie es später noch einmal.</translation>
  </message>
  <message>
   <source>{host} has a fault of its own just now. Try again later; it continues where it stopped.</source>
   <translation>{host} hat gerade selbst eine Störung. Versuchen Sie es später noch einmal; es geht weiter, wo es aufgehört hat.</translation>
  </message>
  <message>
   <source>{host} has no model {model} any more. Choose one of its other models.</source>
   <translation>{host} hat kein Modell {model} mehr. Wählen Sie eines seiner anderen Modelle.</translation>
  </message>
  <message>
   <source>{host} has sent nothing for {seconds:second|seconds}. Check that the server still runs, and try again.</source>
   <translation>{host} hat seit {seconds:Sekunde|Sekunden} nichts gesendet. Prüfen Sie, ob der Server noch läuft, und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>{host} has several models. Name one of them: {models}.</source>
   <translation>{host} hat mehrere Modelle. Nennen Sie eines davon: {models}.</translation>
  </message>
  <message>
   <source>{host} is busy and refuses more replies just now ({reason}). Wait a moment and try again.</source>
   <translation>{host} ist beschäftigt und nimmt gerade keine weiteren Antworten an ({reason}). Warten Sie einen Moment und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>{host} knows no {what}. Check how it is written, or search for it.</source>
   <translation>{host} kennt {what} nicht. Prüfen Sie die Schreibweise, oder suchen Sie danach.</translation>
  </message>
  <message>
   <source>{host} offers no model just now. Load one there, then try again.</source>
   <translation>{host} bietet gerade kein Modell an. Laden Sie dort eines und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>{host} refused the request ({reason}). Change what it names, or ask another model.</source>
   <translation>{host} hat die Anfrage abgelehnt ({reason}). Ändern Sie, was genannt ist, oder fragen Sie ein anderes Modell.</translation>
  </message>
  <message>
   <source>{host} refuses the key. Check the key, or give one if there is none yet.</source>
   <translation>{host} weist den Schlüssel zurück. Prüfen Sie den Schlüssel oder geben Sie einen an, falls es noch keinen gibt.</translation>
  </message>
  <message>
   <source>{host} shows {what} only to those who may see it, or does not know it. Keep an access token on the page Models or in HF_TOKEN, then try again.</source>
   <translation>{host} zeigt {what} nur denen, die es sehen dürfen, oder kennt es nicht. Hinterlegen Sie ein Zugangstoken auf der Seite Modelle oder in HF_TOKEN, und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>{kind} rotary scaling</source>
   <translation>Rotationsskalierung der Art {kind}</translation>
  </message>
  <message>
   <source>{kind} rotary scaling in layers with a window</source>
   <translation>Rotationsskalierung der Art {kind} in Schichten mit Fenster</translation>
  </message>
  <message>
   <source>{kind} weights</source>
   <translation>Gewichte in {kind}</translation>
  </message>
  <message>
   <source>{method} quantised safetensors</source>
   <translation>safetensors, die mit {method} quantisiert sind</translation>
  </message>
  <message>
   <source>{model} was not loaded, because it does not fit into memory: it takes {need}, and {free} are free. Choose a shorter context or a smaller model, or close other programs.</source>
   <translation>{model} wurde nicht geladen, weil es nicht in den Speicher passt: Es braucht {need}, und {free} sind frei. Wählen Sie einen kürzeren Kontext oder ein kleineres Modell, oder schließen Sie andere Programme.</translation>
  </message>
  <message>
   <source>{model} was not loaded, because it would leave little memory: it takes {need} of the {free} that are free. Load it anyway, choose a shorter context, or close other programs.</source>
   <translation>{model} wurde nicht geladen, weil es wenig Speicher frei ließe: Es braucht {need} von den {free}, die frei sind. Laden Sie es trotzdem, wählen Sie einen kürzeren Kontext, oder schließen Sie andere Programme.</translation>
  </message>
  <message>
   <source>{model} writes text and gives no embeddings, so /v1/embeddings cannot be used with it. Use a model made for embeddings, in another program.</source>
   <translation>{model} schreibt Text und liefert keine Embeddings, deshalb ist /v1/embeddings damit nicht verwendbar. Verwenden Sie ein Modell für Embeddings in einem anderen Programm.</translation>
  </message>
  <message>
   <source>{n:reply|replies}</source>
   <translation>{n:Antwort|Antworten}</translation>
  </message>
  <message>
   <source>{n:reply|replies} in {time}</source>
   <translation>{n:Antwort|Antworten} in {time}</translation>
  </message>
  <message>
   <source>{n:token|tokens}</source>
   <translation>{n:Token|Token}</translation>
  </message>
  <message>
   <source>{names} and {last}</source>
   <translation>{names} und {last}</translation>
  </message>
  <message>
   <source>{name} belongs to {program}, so Helix does not delete it. Delete it there.</source>
   <translation>{name} gehört {program}, deshalb löscht Helix es nicht. Löschen Sie es dort.</translation>
  </message>
  <message>
   <source>{name} cannot be read</source>
   <translation>{name} ist nicht lesbar</translation>
  </message>
  <message>
   <source>{name} comes with Helix and cannot be deleted by itself.</source>
   <translation>{name} kommt mit Helix und kann nicht für sich gelöscht werden.</translation>
  </message>
  <message>
   <source>{name} is missing</source>
   <translation>{name} fehlt</translation>
  </message>
  <message>
   <source>{name} is no longer at {host}. Search for it on the page Models, or choose another model.</source>
   <translation>{name} gibt es bei {host} nicht mehr. Suchen Sie auf der Seite Modelle danach, oder wählen Sie ein anderes Modell.</translation>
  </message>
  <message>
   <source>{name} is not in the library. Run `python -m helix_app models list --library` to see what is.</source>
   <translation>{name} ist nicht in der Bibliothek. `python -m helix_app models list --library` zeigt, was darin ist.</translation>
  </message>
  <message>
   <source>{name} is not on this computer yet. Download it first: `python -m helix_app models pull {id}`.</source>
   <translation>{name} ist noch nicht auf diesem Computer. Zuerst herunterladen: `python -m helix_app models pull {id}`.</translation>
  </message>
  <message>
   <source>{name} is {shape} instead of {wanted}</source>
   <translation>{name} ist {shape} statt {wanted}</translation>
  </message>
  <message>
   <source>{name} is {value}</source>
   <translation>{name} ist {value}</translation>
  </message>
  <message>
   <source>{name} of a draft head</source>
   <translation>{name} eines Entwurfskopfs</translation>
  </message>
  <message>
   <source>{name} of an expert is {shape} instead of {wanted}</source>
   <translation>{name} eines Experten ist {shape} statt {wanted}</translation>
  </message>
  <message>
   <source>{name} out of range</source>
   <translation>{name} außerhalb des Möglichen</translation>
  </message>
  <message>
   <source>{name} renders in software</source>
   <translation>{name} rechnet nur in Software</translation>
  </message>
  <message>
   <source>{name} was not downloaded, because Offline is chosen on the page Models. Switch that off, or copy the model file into {folder} by hand.</source>
   <translation>{name} wurde nicht heruntergeladen, weil auf der Seite Modelle Offline gewählt ist. Schalten Sie das aus, oder kopieren Sie die Modelldatei von Hand nach {folder}.</translation>
  </message>
  <message>
   <source>{name} was not downloaded, because {variable} is set. Unset it, or copy the model file into {folder} by hand.</source>
   <translation>{name} wurde nicht heruntergeladen, weil {variable} gesetzt ist. Heben Sie das auf, oder kopieren Sie die Modelldatei von Hand nach {folder}.</translation>
  </message>
  <message>
   <source>{name}: {n} of {all:prompt agrees|prompts agree}</source>
   <translation>{name}: {n} von {all:Prompt stimmt|Prompts stimmen} überein</translation>
  </message>
  <message>
   <source>{n} of {all:reply|replies} ended before {least} tokens; their speeds are rough.</source>
   <translation>{n} von {all:Antwort|Antworten} endeten vor {least} Token; ihr Tempo ist ungenau.</translation>
  </message>
  <message>
   <source>{n} tokens of the target a draft, on average</source>
   <translation>{n} Tokens des Ziels je Entwurf, im Mittel</translation>
  </message>
  <message>
   <source>{option} cannot be {value}. {hint}</source>
   <translation>{option} kann nicht {value} sein. {hint}</translation>
  </message>
  <message>
   <source>{option} is not available here. Choose one of: {choices}.</source>
   <translation>{option} gibt es hier nicht. Eines wählen von: {choices}.</translation>
  </message>
  <message>
   <source>{path} and {other} are not parts of the same model ({reason}). Put the parts of each model into a folder of its own.</source>
   <translation>{path} und {other} sind nicht Teile desselben Modells ({reason}). Die Teile jedes Modells in einen eigenen Ordner legen.</translation>
  </message>
  <message>
   <source>{path} cannot be deleted: {reason}. Close other programs that use it and try again.</source>
   <translation>{path} kann nicht gelöscht werden: {reason}. Schließen Sie andere Programme, die es benutzen, und versuchen Sie es noch einmal.</translation>
  </message>
  <message>
   <source>{path} cannot be read ({reason}). Check that the file is there and that you may open it.</source>
   <translation>{path} ist nicht lesbar ({reason}). Prüfen, ob die Datei da ist und geöffnet werden darf.</translation>
  </message>
  <message>
   <source>{path} cannot be read as a PDF ({reason}). Open it in another program and save it again.</source>
   <translation>{path} ist nicht als PDF lesbar ({reason}). In einem anderen Programm öffnen und neu speichern.</translation>
  </message>
  <message>
   <source>{path} cannot be used: {reason}. Check that it is there and that you may use it, or choose another one.</source>
   <translation>{path} ist nicht verwendbar: {reason}. Prüfen, ob es da ist und benutzt werden darf, oder etwas anderes wählen.</translation>
  </message>
  <message>
   <source>{path} cannot be written: {reason}. Name a file in a folder that exists, that has room and that you may write to.</source>
   <translation>{path} lässt sich nicht schreiben: {reason}. Eine Datei in einem Ordner nennen, den es gibt, der Platz hat und in den geschrieben werden darf.</translation>
  </message>
  <message>
   <source>{path} cannot draft for this target: it has another tokenizer, and its recurrent layers cannot go back to where its text would be read otherwise. Choose another draft.</source>
   <translation>{path} kann für dieses Zielmodell nicht entwerfen: Es hat einen anderen Tokenizer, und seine rekurrenten Schichten können nicht dahin zurück, wo sein Text anders gelesen würde. Wählen Sie einen anderen Entwurf.</translation>
  </message>
  <message>
   <source>{path} cannot draft for {target}: its keys and values are of another size, which does not go together with recurrent layers all of whose neighbours look back over a window. Choose another draft.</source>
   <translation>{path} kann für {target} nicht entwerfen: Seine Schlüssel und Werte haben eine andere Größe, und das verträgt sich nicht mit rekurrenten Schichten, neben denen alle anderen nur über ein Fenster zurücksehen. Wählen Sie einen anderen Entwurf.</translation>
  </message>
  <message>
   <source>{path} describes a model but holds no weights. Choose the file or folder with the weights.</source>
   <translation>{path} beschreibt ein Modell, enthält aber keine Gewichte. Die Datei oder den Ordner mit den Gewichten wählen.</translation>
  </message>
  <message>
   <source>{path} does not describe itself fully: {what}. Choose another file of this model.</source>
   <translation>{path} beschreibt sich nicht vollständig: {what}. Eine andere Datei dieses Modells wählen.</translation>
  </message>
  <message>
   <source>{path} does not take {method}. See /docs for what it takes.</source>
   <translation>{path} nimmt {method} nicht an. Unter /docs steht, was es annimmt.</translation>
  </message>
  <message>
   <source>{path} has no layer of its own that drafts (mtp): few models have one, and quantised files often leave it out. Choose another draft, or a file of this model that has it.</source>
   <translation>{path} hat keine eigene Schicht, die Entwürfe macht (mtp): Wenige Modelle haben eine, und in quantisierten Dateien fehlt sie oft. Wählen Sie einen anderen Entwurf oder eine Datei dieses Modells, die sie hat.</translation>
  </message>
  <message>
   <source>{path} has pages but no text: they are pictures. Run it through text recognition (OCR) first.</source>
   <translation>{path} hat Seiten, aber keinen Text: Es sind Bilder. Zuerst durch eine Texterkennung (OCR) laufen lassen.</translation>
  </message>
  <message>
   <source>{path} has {size}, and files of {most} at most can be attached. Attach a part of it.</source>
   <translation>{path} hat {size}, und anhängen lassen sich Dateien mit höchstens {most}. Einen Teil davon anhängen.</translation>
  </message>
  <message>
   <source>{path} holds a vocabulary and no weights. Choose the model's own file.</source>
   <translation>{path} enthält ein Vokabular und keine Gewichte. Die Datei des Modells selbst wählen.</translation>
  </message>
  <message>
   <source>{path} holds its weights in PyTorch's pickle format, which may run any program when it is opened, so Helix does not open it. Choose this model in safetensors or GGUF.</source>
   <translation>{path} enthält Gewichte in PyTorchs Pickle-Format, das beim Öffnen beliebige Programme ausführen kann, daher öffnet Helix es nicht. Dieses Modell als safetensors oder GGUF wählen.</translation>
  </message>
  <message>
   <source>{path} holds no text that a model could read. Text, code, Markdown and PDF files can be attached.</source>
   <translation>{path} enthält keinen Text, den ein Modell lesen könnte. Anhängen lassen sich Text, Code, Markdown und PDF.</translation>
  </message>
  <message>
   <source>{path} is a Git LFS pointer: a note of {size} bytes that stands for the file itself. Fetch the file with `git lfs pull`, or download it from the model's page.</source>
   <translation>{path} ist ein Git-LFS-Zeiger: ein Zettel von {size} Bytes, der für die Datei selbst steht. Die Datei mit `git lfs pull` holen oder von der Seite des Modells herunterladen.</translation>
  </message>
  <message>
   <source>{path} is a control vector, which steers another model and cannot write by itself. Choose the model it was made for.</source>
   <translation>{path} ist ein Steuervektor, der ein anderes Modell lenkt und nicht selbst schreiben kann. Das Modell wählen, für das er gemacht wurde.</translation>
  </message>
  <message>
   <source>{path} is a download that has not ended ({reason}). Let it end, or start it again where it was begun.</source>
   <translation>{path} ist ein Herunterladen, das nicht zu Ende ist ({reason}). Es zu Ende laufen lassen oder dort neu starten, wo es begonnen wurde.</translation>
  </message>
  <message>
   <source>{path} is a draft head of a kind that Helix does not run ({kind}); it runs EAGLE-3 heads of one layer. Choose another draft.</source>
   <translation>{path} ist ein Entwurfskopf von einer Art, die Helix nicht ausführt ({kind}); Helix führt EAGLE-3-Köpfe aus einer Schicht aus. Wählen Sie einen anderen Entwurf.</translation>
  </message>
  <message>
   <source>{path} is a draft head: it writes nothing by itself, but drafts for the model that it was made for. Open that model, and choose this folder as its draft.</source>
   <translation>{path} ist ein Entwurfskopf: Er schreibt nichts allein, sondern entwirft für das Modell, für das er gemacht wurde. Öffnen Sie dieses Modell und wählen Sie diesen Ordner als Entwurf.</translation>
  </message>
  <message>
   <source>{path} is a folder. Attach the files in it.</source>
   <translation>{path} ist ein Ordner. Die Dateien darin anhängen.</translation>
  </message>
  <message>
   <source>{path} is a model of the kind {architecture} that turns text into numbers (embedding or ranking) and cannot write. Choose a chat model or a text model.</source>
   <translation>{path} ist ein Modell der Art {architecture}, das Text in Zahlen verwandelt (Embedding oder Ranking) und nicht schreiben kann. Ein Chat- oder Textmodell wählen.</translation>
  </message>
  <message>
   <source>{path} is a path already. `models path` takes an id of `models list`.</source>
   <translation>{path} ist schon ein Pfad. `models path` nimmt eine Kennung aus `models list`.</translation>
  </message>
  <message>
   <source>{path} is a piece of a model file that was cut up to be uploaded. Join all pieces in their order into one .gguf file, then choose that.</source>
   <translation>{path} ist ein Stück einer Modelldatei, die zum Hochladen zerschnitten wurde. Alle Stücke in ihrer Reihenfolge zu einer .gguf-Datei verbinden und diese wählen.</translation>
  </message>
  <message>
   <source>{path} is a projector (mmproj): the part of a multimodal model that reads pictures or sound. Choose the language model's own file beside it.</source>
   <translation>{path} ist ein Projektor (mmproj): der Teil eines multimodalen Modells, der Bilder oder Ton liest. Die Datei des Sprachmodells daneben wählen.</translation>
  </message>
  <message>
   <source>{path} is a web page that was saved in place of the model. Open the model's page and download the file itself; a gated model needs a login first.</source>
   <translation>{path} ist eine Webseite, die anstelle des Modells gespeichert wurde. Die Seite des Modells öffnen und die Datei selbst herunterladen; ein zugangsbeschränktes Modell braucht zuerst eine Anmeldung.</translation>
  </message>
  <message>
   <source>{path} is an adapter (such as a LoRA), which changes another model and cannot write by itself. Choose the model it was made for ({base}), or one it was merged into.</source>
   <translation>{path} ist ein Adapter (etwa ein LoRA), der ein anderes Modell ändert und nicht selbst schreiben kann. Das Modell wählen, für das er gemacht wurde ({base}), oder eines, in das er eingerechnet ist.</translation>
  </message>
  <message>
   <source>{path} is an importance matrix (imatrix), a help for quantising a model. Choose the model itself.</source>
   <translation>{path} ist eine Wichtigkeitsmatrix (imatrix), eine Hilfe beim Quantisieren eines Modells. Das Modell selbst wählen.</translation>
  </message>
  <message>
   <source>{path} is empty. Choose another file.</source>
   <translation>{path} ist leer. Eine andere Datei wählen.</translation>
  </message>
  <message>
   <source>{path} is in a format that Helix does not read ({format}). Choose this model in safetensors or GGUF.</source>
   <translation>{path} hat ein Format, das Helix nicht liest ({format}). Dieses Modell als safetensors oder GGUF wählen.</translation>
  </message>
  <message>
   <source>{path} is in an old format ({format}), from before today's GGUF. Choose a newer GGUF file of this model.</source>
   <translation>{path} hat ein altes Format ({format}), aus der Zeit vor dem heutigen GGUF. Eine neuere GGUF-Datei dieses Modells wählen.</translation>
  </message>
  <message>
   <source>{path} is in the byte order of another kind of computer (big-endian). Choose the little-endian file of this model, or turn this one with `gguf-convert-endian {path} little`.</source>
   <translation>{path} hat die Bytefolge einer anderen Art von Computer (Big-Endian). Die Little-Endian-Datei dieses Modells wählen oder diese mit `gguf-convert-endian {path} little` umwandeln.</translation>
  </message>
  <message>
   <source>{path} is in version {version} of GGUF, and this Helix reads versions 2 and 3. Look for a newer Helix, or choose another file of this model.</source>
   <translation>{path} hat Version {version} von GGUF, und dieses Helix liest die Versionen 2 und 3. Nach einem neueren Helix sehen oder eine andere Datei dieses Modells wählen.</translation>
  </message>
  <message>
   <source>{path} is locked with a password. Save a copy without one, then attach that.</source>
   <translation>{path} ist mit einem Passwort gesperrt. Eine Kopie ohne Passwort speichern und diese anhängen.</translation>
  </message>
  <message>
   <source>{path} is no model of `models list`, so there is no checksum to compare it with. `models add` says whether it can run.</source>
   <translation>{path} ist kein Modell aus `models list`, daher gibt es keine Prüfsumme zum Vergleich. `models add` sagt, ob es laufen kann.</translation>
  </message>
  <message>
   <source>{path} is no result that this version of Helix can read. Give a file written by `bench --json`.</source>
   <translation>{path} ist kein Ergebnis, das diese Version von Helix lesen kann. Eine Datei geben, die `bench --json` geschrieben hat.</translation>
  </message>
  <message>
   <source>{path} is not UTF-8, so it was read as {encoding}. Save it as UTF-8 if letters come out wrong.</source>
   <translation>{path} ist kein UTF-8 und wurde daher als {encoding} gelesen. Als UTF-8 speichern, falls Buchstaben falsch erscheinen.</translation>
  </message>
  <message>
   <source>{path} is not a model but a folder of several. Choose one of its files: {names}.</source>
   <translation>{path} ist kein Modell, sondern ein Ordner mit mehreren. Eine der Dateien darin wählen: {names}.</translation>
  </message>
  <message>
   <source>{path} is not a model: {what}. Choose another file, or a folder with config.json and .safetensors files.</source>
   <translation>{path} ist kein Modell: {what}. Eine andere Datei wählen oder einen Ordner mit config.json und .safetensors-Dateien.</translation>
  </message>
  <message>
   <source>{path} is on this computer already. Load it by its path, or take it into the library with `models add`.</source>
   <translation>{path} ist schon auf diesem Computer. Mit seinem Pfad laden oder mit `models add` in die Bibliothek aufnehmen.</translation>
  </message>
  <message>
   <source>{path} is one file of a model folder. Open the whole folder instead: {folder}.</source>
   <translation>{path} ist eine Datei eines Modellordners. Stattdessen den ganzen Ordner öffnen: {folder}.</translation>
  </message>
  <message>
   <source>{path} is part of a model in {count} files, and {missing} is not there (looked in {folder}). Put all parts into that folder, then choose the model again.</source>
   <translation>{path} gehört zu einem Modell in {count} Dateien, und {missing} ist nicht da (gesucht in {folder}). Alle Teile in diesen Ordner legen, dann das Modell noch einmal wählen.</translation>
  </message>
  <message>
   <source>{path} is part {number} of {count} of a model, but its name does not say so. Give all parts back the names they were published with, such as {example}.</source>
   <translation>{path} ist Teil {number} von {count} eines Modells, aber der Name sagt das nicht. Allen Teilen die Namen zurückgeben, unter denen sie veröffentlicht wurden, etwa {example}.</translation>
  </message>
  <message>
   <source>{path} lacks embeddings of its own, and those of {target} are of another size. Choose the head that was made for this model, or another draft.</source>
   <translation>{path} hat keine eigenen Einbettungen, und die von {target} sind anders groß. Wählen Sie den Kopf, der für dieses Modell gemacht wurde, oder einen anderen Entwurf.</translation>
  </message>
  <message>
   <source>{path} makes pictures or sound ({architecture}) and does not write text. Choose a chat model or a text model.</source>
   <translation>{path} macht Bilder oder Ton ({architecture}) und schreibt keinen Text. Ein Chat- oder Textmodell wählen.</translation>
  </message>
  <message>
   <source>{path} was made for another model than {target}: it knows {head_size:token|tokens}, and {target} has {target_size}. Choose the head that was made for this model, or another draft.</source>
   <translation>{path} wurde für ein anderes Modell als {target} gemacht: Er kennt {head_size:Token|Tokens}, und {target} hat {target_size}. Wählen Sie den Kopf, der für dieses Modell gemacht wurde, oder einen anderen Entwurf.</translation>
  </message>
  <message>
   <source>{path} was made for another model than {target}: it takes hidden states of layer {needed}, and {target} has {layers:layer|layers}. Choose the head that was made for this model, or another draft.</source>
   <translation>{path} wurde für ein anderes Modell als {target} gemacht: Er braucht verborgene Zustände der Schicht {needed}, und {target} hat {layers:Schicht|Schichten}. Wählen Sie den Kopf, der für dieses Modell gemacht wurde, oder einen anderen Entwurf.</translation>
  </message>
  <message>
   <source>{path} was made for another model than {target}: it takes hidden states of {head_size} numbers, and those of {target} have {target_size}. Choose the head that was made for this model, or another draft.</source>
   <translation>{path} wurde für ein anderes Modell als {target} gemacht: Er braucht verborgene Zustände aus {head_size} Zahlen, und die von {target} haben {target_size}. Wählen Sie den Kopf, der für dieses Modell gemacht wurde, oder einen anderen Entwurf.</translation>
  </message>
  <message>
   <source>{peer} cannot run this model here, so it was left out. {reason}</source>
   <translation>{peer} kann dieses Modell hier nicht ausführen und wurde daher ausgelassen. {reason}</translation>
  </message>
  <message>
   <source>{prompt}: {arms} differ from token {n} ({a} / {b})</source>
   <translation>{prompt}: {arms} unterscheiden sich ab Token {n} ({a} / {b})</translation>
  </message>
  <message>
   <source>{repo} has no GGUF file {file}. Choose one of: {known}.</source>
   <translation>{repo} hat keine GGUF-Datei {file}. Wählen Sie eine von: {known}.</translation>
  </message>
  <message>
   <source>{repo} has no GGUF files, and Helix downloads no others. Look for a repository of the same model with GGUF in its name.</source>
   <translation>{repo} hat keine GGUF-Dateien, und andere lädt Helix nicht herunter. Suchen Sie ein Archiv desselben Modells mit GGUF im Namen.</translation>
  </message>
  <message>
   <source>{role} weights that are not packed</source>
   <translation>Gewichte ({role}), die nicht gepackt sind</translation>
  </message>
  <message>
   <source>{share} of the draft's tokens, by their text</source>
   <translation>{share} der Tokens des Entwurfs, nach ihrem Text</translation>
  </message>
  <message>
   <source>{size:byte|bytes}, which end inside its header</source>
   <translation>{size:Byte|Bytes}, die mitten in ihrem Kopf enden</translation>
  </message>
  <message>
   <source>{size} inputs a layer of {tokens} tokens</source>
   <translation>{size} Eingaben je Schicht von {tokens} Token</translation>
  </message>
  <message>
   <source>{size} of {needed:byte|bytes}</source>
   <translation>{size} von {needed:Byte|Bytes}</translation>
  </message>
  <message>
   <source>{size} turned numbers of heads of {dim}</source>
   <translation>{size} gedrehte Zahlen von Köpfen der Größe {dim}</translation>
  </message>
  <message>
   <source>{size}, {share} of the target</source>
   <translation>{size}, {share} des Ziels</translation>
  </message>
  <message>
   <source>{target} in the target, {draft} in the draft</source>
   <translation>{target} im Ziel, {draft} im Entwurf</translation>
  </message>
  <message>
   <source>{target} tokens in the target, {draft} in the draft</source>
   <translation>{target} Tokens im Ziel, {draft} im Entwurf</translation>
  </message>
  <message>
   <source>{times}; too few replies for an interval</source>
   <translation>{times}; zu wenige Antworten für ein Intervall</translation>
  </message>
  <message>
   <source>{tokenizer} tokens in the tokenizer, {weights} in the weights</source>
   <translation>{tokenizer} Token im Tokenizer, {weights} in den Gewichten</translation>
  </message>
  <message>
   <source>{used} of {count} experts for a row</source>
   <translation>{used} von {count} Experten für eine Zeile</translation>
  </message>
  <message>
   <source>{values} value heads over {keys} key heads</source>
   <translation>{values} Köpfe für Werte über {keys} Köpfen für Schlüssel</translation>
  </message>
  <message>
   <source>{variable} is {value}, and no such home folder is known here. Set it to the full path of a folder.</source>
   <translation>{variable} ist {value}, und ein solcher Benutzerordner ist hier nicht bekannt. Den vollen Pfad eines Ordners setzen.</translation>
  </message>
  <message>
   <source>{variable} is {value}, but {file} is a file. Set it to the full path of a folder.</source>
   <translation>{variable} ist {value}, aber {file} ist eine Datei. Den vollen Pfad eines Ordners setzen.</translation>
  </message>
  <message>
   <source>{variable} keeps Helix off the network. Unset it to search for models.</source>
   <translation>{variable} hält Helix vom Netz fern. Heben Sie das auf, um nach Modellen zu suchen.</translation>
  </message>
 </context>
 <context>
  <name>model_choices</name>
  <message>
   <source>Loading {model}…</source>
   <translation>{model} wird geladen…</translation>
  </message>
  <message>
   <source>No model is loaded. Choose a target model above.</source>
   <translation>Kein Modell ist geladen. Oben ein Zielmodell wählen.</translation>
  </message>
 </context>
 <context>
  <name>offer</name>
  <message>
   <source>Its memory was read at {speed}.</source>
   <translation>Sein Speicher wurde mit {speed} gelesen.</translation>
  </message>
  <message>
   <source>The memory of its card was read at {speed}.</source>
   <translation>Der Speicher seiner Karte wurde mit {speed} gelesen.</translation>
  </message>
  <message>
   <source>The speed of its memory could not be measured.</source>
   <translation>Die Geschwindigkeit seines Speichers ließ sich nicht messen.</translation>
  </message>
  <message>
   <source>This computer: {facts}.</source>
   <translation>Dieser Computer: {facts}.</translation>
  </message>
  <message>
   <source>{name}, {n:core|cores}</source>
   <translation>{name}, {n:Kern|Kerne}</translation>
  </message>
  <message>
   <source>{size} of memory</source>
   <translation>{size} Speicher</translation>
  </message>
 </context>
 <context>
  <name>open_dialogs</name>
  <message>
   <source>Export</source>
   <translation>Exportieren</translation>
  </message>
  <message>
   <source>Models (*.gguf);;All files (*)</source>
   <translation>Modelle (*.gguf);;Alle Dateien (*)</translation>
  </message>
  <message>
   <source>Open a folder with config.json and .safetensors files</source>
   <translation>Ordner mit config.json und .safetensors-Dateien öffnen</translation>
  </message>
  <message>
   <source>Open a model file</source>
   <translation>Modelldatei öffnen</translation>
  </message>
 </context>
 <context>
  <name>pictures</name>
  <message>
   <source>PNG picture (*.png);;SVG drawing (*.svg)</source>
   <translation>PNG-Bild (*.png);;SVG-Zeichnung (*.svg)</translation>
  </message>
  <message>
   <source>Save picture</source>
   <translation>Bild speichern</translation>
  </message>
  <message>
   <source>Save picture…</source>
   <translation>Bild speichern…</translation>
  </message>
  <message>
   <source>The picture could not be saved as {file}. Choose a folder that you may write to.</source>
   <translation>Das Bild konnte nicht als {file} gespeichert werden. Einen Ordner mit Schreibrecht wählen.</translation>
  </message>
 </context>
 <context>
  <name>prompt</name>
  <message>
   <source>Begin of text</source>
   <translation>Textanfang</translation>
  </message>
  <message>
   <source>Begun reply</source>
   <translation>Begonnene Antwort</translation>
  </message>
  <message>
   <source>Chat template</source>
   <translation>Chat-Vorlage</translation>
  </message>
  <message>
   <source>History</source>
   <translation>Verlauf</translation>
  </message>
  <message>
   <source>Last continuation</source>
   <translation>Letzte Fortsetzung</translation>
  </message>
  <message>
   <source>Message</source>
   <translation>Nachricht</translation>
  </message>
  <message>
   <source>System prompt</source>
   <translation>Systemprompt</translation>
  </message>
  <message>
   <source>Text so far</source>
   <translation>Text bisher</translation>
  </message>
  <message>
   <source>Your addition</source>
   <translation>Ihr Zusatz</translation>
  </message>
 </context>
 <context>
  <name>server</name>
  <message>
   <source>Nothing was asked yet</source>
   <translation>Noch keine Anfrage</translation>
  </message>
  <message>
   <source>Replies for other programs</source>
   <translation>Antworten für andere Programme</translation>
  </message>
  <message>
   <source>complete</source>
   <translation>vollständig</translation>
  </message>
  <message>
   <source>failed</source>
   <translation>fehlgeschlagen</translation>
  </message>
  <message>
   <source>stopped</source>
   <translation>gestoppt</translation>
  </message>
  <message>
   <source>writing</source>
   <translation>schreibt</translation>
  </message>
  <message>
   <source>{n:token|tokens}</source>
   <translation>{n:Token|Token}</translation>
  </message>
  <message>
   <source>{rate} tok/s</source>
   <translation>{rate} Tok/s</translation>
  </message>
  <message>
   <source>{share} accepted</source>
   <translation>{share} angenommen</translation>
  </message>
 </context>
 <context>
  <name>settings</name>
  <message>
   <source>0 always takes the most likely token</source>
   <translation>0 nimmt immer das wahrscheinlichste Token</translation>
  </message>
  <message>
   <source>1 is off</source>
   <translation>1 ist aus</translation>
  </message>
  <message>
   <source>Additive</source>
   <translation>Additiv</translation>
  </message>
  <message>
   <source>As the system</source>
   <translation>Wie das System</translation>
  </message>
  <message>
   <source>Auto</source>
   <translation>Auto</translation>
  </message>
  <message>
   <source>Cache in tokens</source>
   <translation>Cache in Token</translation>
  </message>
  <message>
   <source>Cache in tokens, of all replies together</source>
   <translation>Cache in Token, für alle Antworten zusammen</translation>
  </message>
  <message>
   <source>Context in tokens</source>
   <translation>Kontext in Token</translation>
  </message>
  <message>
   <source>Dark</source>
   <translation>Dunkel</translation>
  </message>
  <message>
   <source>Deutsch</source>
   <translation>Deutsch</translation>
  </message>
  <message>
   <source>Drop oldest</source>
   <translation>Älteste weglassen</translation>
  </message>
  <message>
   <source>Engine runs</source>
   <translation>Engine läuft</translation>
  </message>
  <message>
   <source>English</source>
   <translation>English</translation>
  </message>
  <message>
   <source>Fixed</source>
   <translation>Fest</translation>
  </message>
  <message>
   <source>High contrast</source>
   <translation>Hoher Kontrast</translation>
  </message>
  <message>
   <source>In the window</source>
   <translation>Im Fenster</translation>
  </message>
  <message>
   <source>Inspect and token origins then work on old replies, too; 256 MB of them at most, the oldest go first</source>
   <translation>Untersuchen und Herkunft der Token gehen dann auch bei alten Antworten; höchstens 256 MB, die ältesten entfallen zuerst</translation>
  </message>
  <message>
   <source>Keep the runs of replies</source>
   <translation>Die Läufe von Antworten aufbewahren</translation>
  </message>
  <message>
   <source>Keep them</source>
   <translation>Aufbewahren</translation>
  </message>
  <message>
   <source>Language</source>
   <translation>Sprache</translation>
  </message>
  <message>
   <source>Language of the window</source>
   <translation>Sprache des Fensters</translation>
  </message>
  <message>
   <source>Learn from replies</source>
   <translation>Aus Antworten lernen</translation>
  </message>
  <message>
   <source>Light</source>
   <translation>Hell</translation>
  </message>
  <message>
   <source>Longest reply in tokens</source>
   <translation>Längste Antwort in Token</translation>
  </message>
  <message>
   <source>Look for newer versions of Helix</source>
   <translation>Nach neueren Versionen von Helix sehen</translation>
  </message>
  <message>
   <source>Look for them</source>
   <translation>Nachsehen</translation>
  </message>
  <message>
   <source>Min-p</source>
   <translation>Min-p</translation>
  </message>
  <message>
   <source>Newer versions</source>
   <translation>Neuere Versionen</translation>
  </message>
  <message>
   <source>Own process</source>
   <translation>Eigener Prozess</translation>
  </message>
  <message>
   <source>Repetition penalty</source>
   <translation>Wiederholungsstrafe</translation>
  </message>
  <message>
   <source>Runs of replies</source>
   <translation>Läufe von Antworten</translation>
  </message>
  <message>
   <source>Size of the text of conversations, in percent</source>
   <translation>Größe des Textes von Unterhaltungen, in Prozent</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>Stoppen</translation>
  </message>
  <message>
   <source>System</source>
   <translation>System</translation>
  </message>
  <message>
   <source>System follows light and dark of the computer</source>
   <translation>System folgt Hell und Dunkel des Computers</translation>
  </message>
  <message>
   <source>System prompt of new conversations</source>
   <translation>Systemprompt neuer Unterhaltungen</translation>
  </message>
  <message>
   <source>Temperature</source>
   <translation>Temperatur</translation>
  </message>
  <message>
   <source>Text size</source>
   <translation>Textgröße</translation>
  </message>
  <message>
   <source>Theme</source>
   <translation>Design</translation>
  </message>
  <message>
   <source>Tokens drafted a round</source>
   <translation>Entworfene Token je Runde</translation>
  </message>
  <message>
   <source>Top-k</source>
   <translation>Top-k</translation>
  </message>
  <message>
   <source>Top-p</source>
   <translation>Top-p</translation>
  </message>
  <message>
   <source>What the model is told before the conversation; empty sends nothing.</source>
   <translation>Was dem Modell vor der Unterhaltung gesagt wird; leer sendet nichts.</translation>
  </message>
  <message>
   <source>When the context is full</source>
   <translation>Wenn der Kontext voll ist</translation>
  </message>
  <message>
   <source>Where the engine runs</source>
   <translation>Wo die Engine läuft</translation>
  </message>
  <message>
   <source>You are a helpful assistant.</source>
   <translation>Du bist ein hilfreicher Assistent.</translation>
  </message>
  <message>
   <source>always the same</source>
   <translation>immer gleich viele</translation>
  </message>
  <message>
   <source>and say so: nothing is left out</source>
   <translation>und es sagen: nichts bleibt weg</translation>
  </message>
  <message>
   <source>automatic</source>
   <translation>automatisch</translation>
  </message>
  <message>
   <source>automatic is one context, and less than one has no effect; changing it loads the model again</source>
   <translation>automatisch ist ein Kontext, und weniger als einer bewirkt nichts; eine Änderung lädt das Modell neu</translation>
  </message>
  <message>
   <source>automatic takes the model's own, up to {context}; changing it loads the model again</source>
   <translation>automatisch nimmt den des Modells, bis {context}; eine Änderung lädt das Modell neu</translation>
  </message>
  <message>
   <source>drop tokens under this share of the likeliest</source>
   <translation>Token unter diesem Anteil des wahrscheinlichsten fallen weg</translation>
  </message>
  <message>
   <source>how many tokens the draft proposes in a round</source>
   <translation>wie viele Token der Entwurf je Runde vorschlägt</translation>
  </message>
  <message>
   <source>keep the k most likely tokens; 0 keeps all</source>
   <translation>die k wahrscheinlichsten Token behalten; 0 behält alle</translation>
  </message>
  <message>
   <source>keep the likeliest tokens up to this mass</source>
   <translation>die wahrscheinlichsten Token bis zu dieser Summe behalten</translation>
  </message>
  <message>
   <source>makes later drafts better; stays on this computer; changing it loads the model again</source>
   <translation>macht spätere Entwürfe besser; bleibt auf diesem Computer; eine Änderung lädt das Modell neu</translation>
  </message>
  <message>
   <source>once a day the releases page is asked; nothing is sent but that request</source>
   <translation>einmal am Tag wird die Seite mit den Veröffentlichungen gefragt; gesendet wird nur diese Anfrage</translation>
  </message>
  <message>
   <source>percent; Ctrl with + and -</source>
   <translation>Prozent; Strg mit + und -</translation>
  </message>
  <message>
   <source>starts a little sooner</source>
   <translation>startet etwas schneller</translation>
  </message>
  <message>
   <source>takes effect after restart</source>
   <translation>gilt nach einem Neustart</translation>
  </message>
  <message>
   <source>takes effect after restart; the command line speaks English</source>
   <translation>gilt nach einem Neustart; die Kommandozeile spricht Englisch</translation>
  </message>
  <message>
   <source>the fastest as measured</source>
   <translation>das Schnellste, wie gemessen</translation>
  </message>
  <message>
   <source>the window survives a crash</source>
   <translation>das Fenster übersteht einen Absturz</translation>
  </message>
  <message>
   <source>tokens</source>
   <translation>Token</translation>
  </message>
  <message>
   <source>up and down by acceptance</source>
   <translation>mehr und weniger nach Annahme</translation>
  </message>
  <message>
   <source>where old turns are left out, a line in the chat shows it</source>
   <translation>wo alte Züge wegbleiben, zeigt es eine Linie im Chat</translation>
  </message>
  <message>
   <source>whole turns; system prompt and question stay</source>
   <translation>ganze Züge; Systemprompt und Frage bleiben</translation>
  </message>
 </context>
 <context>
  <name>shortcuts</name>
  <message>
   <source> or </source>
   <translation> oder </translation>
  </message>
  <message>
   <source>Begin a new line</source>
   <translation>Eine neue Zeile beginnen</translation>
  </message>
  <message>
   <source>Bring back the message before, in an empty field</source>
   <translation>Die vorige Nachricht zurückholen, in einem leeren Feld</translation>
  </message>
  <message>
   <source>Change…</source>
   <translation>Ändern…</translation>
  </message>
  <message>
   <source>Close</source>
   <translation>Schließen</translation>
  </message>
  <message>
   <source>Command</source>
   <translation>Befehl</translation>
  </message>
  <message>
   <source>Delete what is marked in the list</source>
   <translation>Löschen, was in der Liste markiert ist</translation>
  </message>
  <message>
   <source>Everywhere, not to be changed</source>
   <translation>Überall, nicht änderbar</translation>
  </message>
  <message>
   <source>Go to the next control, or the one before</source>
   <translation>Zum nächsten Element oder zum vorigen gehen</translation>
  </message>
  <message>
   <source>Keyboard shortcuts</source>
   <translation>Tastenkürzel</translation>
  </message>
  <message>
   <source>Keys</source>
   <translation>Tasten</translation>
  </message>
  <message>
   <source>Press the keys…</source>
   <translation>Tasten drücken…</translation>
  </message>
  <message>
   <source>Remove</source>
   <translation>Entfernen</translation>
  </message>
  <message>
   <source>Rename what is marked in the list</source>
   <translation>Umbenennen, was in der Liste markiert ist</translation>
  </message>
  <message>
   <source>Reset</source>
   <translation>Zurücksetzen</translation>
  </message>
  <message>
   <source>Reset all</source>
   <translation>Alle zurücksetzen</translation>
  </message>
  <message>
   <source>Save a reply that is being edited</source>
   <translation>Eine Antwort speichern, die bearbeitet wird</translation>
  </message>
  <message>
   <source>Search for a command or a key</source>
   <translation>Nach einem Befehl oder einer Taste suchen</translation>
  </message>
  <message>
   <source>Search the shortcuts</source>
   <translation>Tastenkürzel durchsuchen</translation>
  </message>
  <message>
   <source>Send the message, or take what is marked</source>
   <translation>Die Nachricht senden oder nehmen, was markiert ist</translation>
  </message>
  <message>
   <source>Shortcuts</source>
   <translation>Tastenkürzel</translation>
  </message>
  <message>
   <source>Take it from there</source>
   <translation>Von dort nehmen</translation>
  </message>
  <message>
   <source>{keys} belongs to text fields. Press others.</source>
   <translation>{keys} gehört zu Textfeldern. Andere Tasten drücken.</translation>
  </message>
  <message>
   <source>{keys} is for writing. Press it with Ctrl or Alt.</source>
   <translation>{keys} ist zum Schreiben da. Mit Strg oder Alt drücken.</translation>
  </message>
  <message>
   <source>{keys} is the key of “{command}”.</source>
   <translation>{keys} ist die Taste von „{command}“.</translation>
  </message>
 </context>
 <context>
  <name>splash</name>
  <message>
   <source>Starting…</source>
   <translation>Wird gestartet…</translation>
  </message>
 </context>
 <context>
  <name>thought</name>
  <message>
   <source>Thinking for {t}, {n:token|tokens}</source>
   <translation>Denkt seit {t}, {n:Token|Token}</translation>
  </message>
  <message>
   <source>Thinking…</source>
   <translation>Denkt…</translation>
  </message>
  <message>
   <source>Thought for {t}, {n:token|tokens}</source>
   <translation>Dachte {t} lang, {n:Token|Token}</translation>
  </message>
  <message>
   <source>Thoughts</source>
   <translation>Gedanken</translation>
  </message>
 </context>
 <context>
  <name>verdict</name>
  <message>
   <source>About {x}x faster than plain</source>
   <translation>Etwa {x}x schneller als einfach</translation>
  </message>
  <message>
   <source>How fast plain decoding is here is not known yet</source>
   <translation>Wie schnell einfache Dekodierung hier ist, ist noch unbekannt</translation>
  </message>
  <message>
   <source>No faster than plain: nothing was drafted</source>
   <translation>Nicht schneller als einfach: Nichts wurde entworfen</translation>
  </message>
  <message>
   <source>No faster than plain: the same speed</source>
   <translation>Nicht schneller als einfach: dasselbe Tempo</translation>
  </message>
  <message>
   <source>No faster than plain: {x}x its speed</source>
   <translation>Nicht schneller als einfach: {x}x des Tempos</translation>
  </message>
  <message>
   <source>Plain decoding, as chosen</source>
   <translation>Einfache Dekodierung, wie gewählt</translation>
  </message>
  <message>
   <source>Too short to compare with plain</source>
   <translation>Zu kurz zum Vergleichen mit einfach</translation>
  </message>
  <message>
   <source>Written by a remote engine, which does not tell its rounds</source>
   <translation>Von einer entfernten Engine geschrieben, die ihre Runden nicht mitteilt</translation>
  </message>
  <message>
   <source>{speed}, same text</source>
   <translation>{speed}, derselbe Text</translation>
  </message>
  <message>
   <source>{x}x faster than plain</source>
   <translation>{x}x schneller als einfach</translation>
  </message>
 </context>
</TS>
