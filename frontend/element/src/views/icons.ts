/** What `icon` draws: strokes in a box of 24 by 24. */
export const UP =
  "M12 16V5m0 0L7.5 9.5M12 5l4.5 4.5M5 15v2.5A2.5 2.5 0 0 0 7.5 20h9a2.5 2.5 0 0 0 2.5-2.5V15";
export const FILE =
  "M13.5 3.5H8A2.5 2.5 0 0 0 5.5 6v12A2.5 2.5 0 0 0 8 20.5h8a2.5 2.5 0 0 0 2.5-2.5V8.5zm0 0V8.5h5";
export const PAUSE = "M9 6v12M15 6v12";
export const PLAY = "M8.5 5.5v13L18 12z";
export const RETRY = "M19 12a7 7 0 1 1-2.2-5.1L19 9m0-4.5V9h-4.5";
export const TRASH = "M5 7.5h14M9.5 7.5V5h5v2.5M7 7.5l.8 11.5h8.4L17 7.5M10.5 11v5M13.5 11v5";
export const CLOSE = "M7 7l10 10M17 7L7 17";
