"""What players see of a view, as one value to be compared."""

from relay.view import View


def seen(view: View) -> object:
    """What players see."""
    shown = view.presentation
    parents = {r.name: r.track.parent for r in shown.renditions}
    return (
        shown.grid,
        shown.epoch,
        [
            (r.track, r.former, r.bandwidth, r.frame_rate, r.discontinuities, list(r.segments))
            for r in shown.renditions
        ],
        shown.breaks,
        shown.changes,
        {name: events for name, events in shown.events.items() if events},
        {
            (key, r.name): max(reached.get(r.name, -1), r.segments[0].index - 1)
            for key, reached in shown.since.items()
            for r in shown.renditions
            # Where all that the parent had is forgotten, others cannot know it so exactly.
            if r.segments and r.track.key.name == parents[key[0]]
        },
    )
