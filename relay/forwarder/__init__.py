"""The door up: what is on a channel's timeline goes to other receivers, each for itself.

    destination  where to, and with which credentials
    ledger       how far each stream has come, kept in a file
    upstream     one channel to one destination: a courier for each stream;  report  what is told
    turn         which of several relays sends to an upstream
    forwarder    one channel to all of its destinations; backups
    office       all channels, also when one is reset

What is sent when is decided in `relay.uplink`, how it is carried in `relay.courier`. The store is
the spool: an upstream reads it at its own pace, and one that is down, slow or hostile costs the
channel and the other upstreams nothing.
"""
