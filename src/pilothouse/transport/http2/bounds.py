"""What a client may ask of the server on one HTTP/2 connection.

Beside what is here: open streams (the server's `http2_streams`), frames in one turn of the event loop
(`frames.FRAMES`), bodies that nobody reads (the windows), an answer's bytes between handler and client
(`stream.ENOUGH`), and time (`Limits`).
"""

import ngh2

PREFACE_SECONDS = 10.0
"""How long the first frame may take (upstream: golang.org/x/net/http2, prefaceTimeout)."""
HEADER_LIST = 256 * 1024
"""Bytes of a header block, with 32 for each field. kube-apiserver takes four times as much; a block that is larger
ends the connection, since the library gives up on it."""
WAITING = 4
"""Requests that may wait, as multiples of the streams that may be open: with tasks of streams that were reset still at
work there can be more requests than streams (upstream: scheduleHandler)."""
RESETS = (1000, 100)
"""Streams that may be reset at once, and in a second later on. Resets cost a client little, and what was begun for the
request much (CVE-2023-44487; CVE-2025-8671 where the client makes the server reset it)."""

CONFIGURATION = ngh2.Configuration(
    auto_window_update=False,
    max_continuations=32,
    max_inbound_header_count=HEADER_LIST // 32,
    max_inbound_header_list_size=HEADER_LIST,
    # Answers to PING and SETTINGS that the client does not read.
    max_outbound_ack=1000,
    max_send_header_block_length=1 << 20,
    # Ours counts all resets, and says why it ends the connection.
    stream_reset_rate_limit=(10 * RESETS[0], 10 * RESETS[1]),
)
