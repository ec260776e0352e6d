"""The local API past one machine, on Ray Serve (extra ``cluster``): engine replicas behind one ingress.

    client --HTTP--> Ingress --handle, by session--> Replica: an engine and the whole application
                        ^---- another one, while nothing of the answer has come ----'      |
                                                                  responses that were given: one Memory for all

``serve --ray`` runs it; ``serve run helix_app.server.cluster:application target=...`` is the same from a file. A
replica answers as the server of one machine does: keys, errors, limits and streams are its own. What is only here is
who writes: a conversation goes to the replica that holds its prefix, by consistent hashing.
WebSockets are not passed on.
"""

from helix_app.server.cluster.serve_file import application as application
