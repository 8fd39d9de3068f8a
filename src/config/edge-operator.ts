/** In the data folder of an edge, where what was invalidated is written down. */
export const INVALIDATIONS_FOLDER = 'edge-invalidations';
/** There, that an invalidation could not be told: what lies on disk is not believed at the next start. */
export const MISSED_NOTE = 'missed';
