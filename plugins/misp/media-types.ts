/** Events come one after another, each whole before the next begins: what the sink `misp` relies on. */
export const EVENT_MEDIA_TYPE = "application/json;profile=misp-event";

export const FEED_MEDIA_TYPE = "application/json;profile=misp-feed";
