// SPDX-License-Identifier: Apache-2.0
// The words of a real server that is set up for direct routing: what is wished, what is, what is done about it. Pure.
import type { AddressText } from '../model/types.js'

/** Where the VIPs live: neither answers ARP or neighbour discovery by itself. */
export type Home = 'lo' | 'dummy'

/** Who gives this host its addresses at boot. */
export type Keeper = 'networkd' | 'NetworkManager' | 'ifupdown' | 'none'

/** What keeps ARP silent: settings of the kernel, or rules (of nftables, which arptables writes too). */
export type Silence = 'sysctl' | 'arptables'

export interface Wish {
  readonly vips: readonly AddressText[]
  readonly home: Home
  /** where the director's packets arrive; none: found out by the VIPs' network */
  readonly from: readonly string[]
  /** none: found out */
  readonly keeper?: Keeper
  /** none: rules where they do it already, else settings */
  readonly arp?: Silence
  /** stands before every path of a file; '' = the host itself */
  readonly root: string
}

export interface Address {
  readonly address: AddressText
  readonly prefix: number
  /** its duplicate address detection found the address taken: it is not used */
  readonly dadFailed: boolean
  /** its duplicate address detection is not over */
  readonly tentative: boolean
}

export interface Link {
  readonly name: string
  readonly up: boolean
  /** answers ARP and neighbour discovery: neither loopback nor NOARP */
  readonly answers: boolean
  readonly addresses: readonly Address[]
}

/** A rule of the arp tables that keeps something from being said. */
export interface ArpRule {
  /** input: questions that come; output: what this host says */
  readonly hook: 'input' | 'output'
  /** of a question's target, or of who says it */
  readonly networks: readonly { readonly address: AddressText; readonly prefix: number }[]
  /** absent = every interface */
  readonly device?: string
}

/** What was found on the host. */
export interface Facts {
  readonly links: readonly Link[]
  /** 'net/ipv4/conf/all/arp_ignore' -> its value */
  readonly settings: ReadonlyMap<string, number>
  /** interfaces of IPv4's default routes */
  readonly defaults: readonly string[]
  readonly arpRules: readonly ArpRule[]
  /** our own table as nft lists it; absent = there is none */
  readonly arpTable?: string
  /** rules can be listed and made: there is an nft command, a kernel for it, and we are root */
  readonly nft: boolean
  /** entries of `ip -6 neigh show proxy` */
  readonly proxies: readonly { readonly address: AddressText; readonly device: string }[]
  /** paths without the root that exist, of those that tell who keeps addresses */
  readonly signs: ReadonlySet<string>
  /** text by whole path; of those that may be written, those that exist */
  readonly files: ReadonlyMap<string, string>
  /** file name of the .network file in /etc that is for lo and not ours */
  readonly loNetwork?: string
}

/** One change, with what its undoing needs. */
export type Step =
  | { readonly kind: 'setting'; readonly key: string; readonly value: number; readonly was: number }
  /** a dummy interface, made and brought up */
  | { readonly kind: 'dummy'; readonly name: string }
  | {
      readonly kind: 'address'
      readonly address: AddressText
      readonly prefix: number
      readonly device: string
    }
  /** our table of arp rules, as nft reads it */
  | { readonly kind: 'rules'; readonly text: string; readonly was: string | null }
  | {
      readonly kind: 'file'
      readonly path: string
      readonly text: string
      readonly mode: number
      /** null = there was none */
      readonly was: string | null
    }

/**
 * right: as it should be; weak: works now, by luck or until the next boot; wrong: packets are lost or go to the wrong
 * host.
 */
export type Verdict = 'right' | 'weak' | 'wrong'

export interface Finding {
  readonly verdict: Verdict
  /** one sentence */
  readonly text: string
  /** what --apply does about it; none of a fault that is not ours to mend */
  readonly steps: readonly Step[]
  /** a command for the operator where there is no step */
  readonly fix?: string
  /** the setting that has to be kept over boots */
  readonly keep?: { readonly key: string; readonly value: number }
  /** the rules that have to be kept over boots, as nft reads them */
  readonly keepRules?: string
}

/** What apply has done, as the state file keeps it. */
export interface Done {
  readonly vips: readonly AddressText[]
  readonly home: Home
  readonly from: readonly string[]
  readonly keeper: Keeper
  /** absent in files of earlier versions: settings */
  readonly arp?: Silence
  readonly steps: readonly Step[]
  /** folders that were made for the files, whole paths, outer ones first */
  readonly folders: readonly string[]
}
