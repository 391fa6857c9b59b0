// SPDX-License-Identifier: Apache-2.0
// keepalived's keywords of load balancing (2.2.7): what each takes, and who in xlvs does something with it.
import type { Cause } from './remarks.js'
import {
  address,
  any,
  type Check,
  choice,
  digest,
  domain,
  exactlyOne,
  hexBytes,
  onOff,
  openBytes,
  seconds,
  some,
  statusCodes,
  UINT32,
  whole,
} from './values.js'

/** 'read': an interpreter does; otherwise why it has no effect. */
export type Role = 'read' | Cause

export interface Keyword {
  readonly role: Role
  readonly check?: Check
  /** keywords of its block, which it must have then; 'any' = they are keepalived's own affair */
  readonly block?: Grammar | 'any'
  /** words behind the keyword that mean something; absent = all */
  readonly most?: number
  /** of what has no effect, when it can be said better than by its cause */
  readonly why?: string
  /** keepalived keeps the first and finds fault with others */
  readonly once?: true
  /** the block as a whole is one line of the report */
  readonly folded?: true
  /** about checks and what follows from them: kept as it stands, its block judged, until all of the server is known */
  readonly health?: true
}

export type Grammar = Readonly<Record<string, Keyword>>

const health = (check: Check, rest: Partial<Keyword> = {}): Keyword => ({
  role: 'read',
  check,
  health: true,
  ...rest,
})
const unused = (why: string, check: Check): Keyword => ({ role: 'health', why, check })
const read = (check: Check, most?: number): Keyword => ({
  role: 'read',
  check,
  ...(most === undefined ? {} : { most }),
})

const TIMES = {
  delay_loop: health(seconds(0.000001)),
  delay_before_retry: health(seconds(0)),
  warmup: health(seconds(0)),
  connect_timeout: health(seconds(0.000001, 4294.967295)),
}

/** How often and how patiently a checker asks. */
const PACE: Grammar = {
  ...TIMES,
  retry: health(whole(0, UINT32)),
  alpha: health(onOff),
  log_all_failures: { role: 'process', check: onOff },
}

/** Where a checker connects to, and from where. */
export const CONNECTION: Grammar = {
  connect_ip: health(address),
  connect_port: health(whole(1, 65_535)),
  bindto: health(address),
  bind_if: unused('the route to what is asked decides about the interface', some),
  bind_port: health(whole(1, 65_535)),
  fwmark: unused('xlvs marks the packets of its checks itself', whole(0, UINT32)),
}

export const URL: Grammar = {
  path: health(some),
  digest: health(digest),
  status_code: health(statusCodes),
  virtualhost: health(some),
  regex: health(some),
  regex_no_match: health(any),
  regex_options: health(some),
  regex_stack: unused('expressions of xlvs need no stack', some),
  regex_min_offset: health(whole(0, UINT32)),
  regex_max_offset: health(whole(0, UINT32)),
}

const HTTP: Grammar = {
  ...CONNECTION,
  ...PACE,
  http_protocol: health(choice(['1.0', '1.0C', '1.1'])),
  fast_recovery: health(onOff),
  enable_sni: health(any),
  virtualhost: health(some),
  url: { role: 'read', health: true, block: URL },
}

const checker = (block: Grammar): Keyword => ({ role: 'read', health: true, block })

export const CHECKERS: Grammar = {
  TCP_CHECK: checker({ ...CONNECTION, ...PACE }),
  HTTP_GET: checker(HTTP),
  SSL_GET: checker(HTTP),
  SMTP_CHECK: checker({
    ...CONNECTION,
    ...PACE,
    helo_name: unused('xlvs does not speak SMTP', some),
    host: { role: 'read', health: true, block: CONNECTION },
  }),
  DNS_CHECK: checker({
    ...CONNECTION,
    ...PACE,
    type: health(choice(['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'], false)),
    name: health(domain),
  }),
  MISC_CHECK: checker({
    delay_loop: TIMES.delay_loop,
    delay_before_retry: TIMES.delay_before_retry,
    warmup: TIMES.warmup,
    retry: health(whole(0, UINT32)),
    alpha: health(onOff),
    log_all_failures: { role: 'process', check: onOff },
    misc_path: health(some, { most: 1 }),
    misc_timeout: health(whole(0, UINT32)),
    misc_dynamic: health(any),
    user: health(some),
  }),
  PING_CHECK: checker({ ...CONNECTION, ...PACE }),
  UDP_CHECK: checker({
    ...CONNECTION,
    ...PACE,
    payload: health(hexBytes),
    require_reply: health(openBytes),
    min_reply_length: health(whole(0, 65_535)),
    max_reply_length: health(whole(0, 65_535)),
  }),
  BFD_CHECK: checker({ name: health(some), alpha: health(onOff) }),
  FILE_CHECK: checker({ track_file: health(some), dynamic: health(any), weight: health(some) }),
}

/** What a checker cannot be without. */
export const CHECKER_NEEDS: Readonly<Record<string, string>> = {
  HTTP_GET: 'url',
  SSL_GET: 'url',
  url: 'path',
  MISC_CHECK: 'misc_path',
  BFD_CHECK: 'name',
  FILE_CHECK: 'track_file',
}

const FAILURE: Grammar = {
  ...TIMES,
  retry: health(whole(1, UINT32)),
  virtualhost: health(some),
  smtp_alert: { role: 'mail', check: onOff },
  snmp_name: { role: 'process', check: exactlyOne },
}

export const REAL_SERVER: Grammar = {
  ...FAILURE,
  ...CHECKERS,
  alpha: health(onOff),
  inhibit_on_failure: health(onOff),
  notify_up: health(some, { once: true }),
  notify_down: health(some, { once: true }),
  weight: read(some, 1),
  lvs_method: read(some),
  uthreshold: read(some, 1),
  lthreshold: read(some, 1),
}

export const VIRTUAL_SERVER: Grammar = {
  ...FAILURE,
  alpha: health(any),
  omega: health(any),
  ha_suspend: unused('checks go on while another director has the VIP', any),
  inhibit_on_failure: health(any),
  quorum: health(whole(1, UINT32)),
  hysteresis: health(whole(0, UINT32)),
  quorum_up: health(some, { once: true }),
  quorum_down: health(some, { once: true }),
  sorry_server: health(some),
  sorry_server_inhibit: health(any),
  sorry_server_lvs_method: health(some),
  lb_algo: read(some, 1),
  lvs_sched: read(some, 1),
  lb_kind: read(some),
  lvs_method: read(some),
  protocol: read(some, 1),
  persistence_timeout: read(any, 1),
  persistence_granularity: read(some, 1),
  persistence_engine: read(some, 1),
  ip_family: read(some, 1),
  weight: read(some, 1),
  ops: read(any, 0),
  hashed: read(any, 0),
  'flag-1': read(any, 0),
  'flag-2': read(any, 0),
  'flag-3': read(any, 0),
  'sh-port': read(any, 0),
  'sh-fallback': read(any, 0),
  'mh-port': read(any, 0),
  'mh-fallback': read(any, 0),
  real_server: { role: 'read', check: some, block: REAL_SERVER, most: 2 },
}
