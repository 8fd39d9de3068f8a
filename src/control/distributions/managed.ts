import type { Documents } from '../../kernel/distribution/documents.ts';
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from '../../kernel/distribution/managed-policies.ts';

/** Policies that are there from the start, under ids and names that scripts know by heart. */
export const MANAGED: Pick<Documents, 'cache-policy' | 'origin-request-policy' | 'response-headers-policy'> = {
  'cache-policy': MANAGED_CACHE_POLICIES,
  'origin-request-policy': MANAGED_ORIGIN_REQUEST_POLICIES,
  'response-headers-policy': MANAGED_RESPONSE_HEADERS_POLICIES,
};
