// SPDX-License-Identifier: Apache-2.0
// What an operator sees in a browser: a director that works, one that fails, and what a token lets him do.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type Visit, visit } from '../lab/browser.js'
import {
  buildTopology,
  type Director,
  type Host,
  type Load,
  load,
  type Running,
  serve,
  startDirector,
  type Topology,
} from '../lab/index.js'
import { until } from '../lab/until.js'
import { realsOf } from '../lab/view.js'

const VIP = '192.0.2.10'
const URL = 'http://127.0.0.1:9612/'
const HOSTILE = '<img src=x onerror=alert(1)>'
const TOKEN = 'correct-horse-battery-staple'
const WEB = `tcp ${VIP}:80`
const VIEWS = ['#/', '#/services', `#/service/${encodeURIComponent(WEB)}`, '#/events', '#/explain']

let topology: Topology
let director: Director
let servers: Running[]
let traffic: Load
let browser: Browser
let seen: Visit

/** A thousand services beside the two that have clients. */
function yaml(tokenFile: string): string {
  const many = Array.from(
    { length: 1_000 },
    (_, i) => `  - {name: shop-${i}, vip: "${VIP}:${2_000 + i}", scheduler: rr, reals: [192.0.2.23]}\n`,
  )
  return `interfaces: [eth0]
limits: {connections: 65536}
metrics: 127.0.0.1:9612
console: {token-file: ${tokenFile}}
services:
  - {name: "${HOSTILE}", vip: "${VIP}:80", scheduler: wrr,
     checks: [{kind: tcp, interval: 400ms, timeout: 2s, rise: 1, fall: 2, via: real}],
     reals: [{address: 192.0.2.21, weight: 3}, 192.0.2.22, {address: 192.0.2.23, weight: 0}]}
  - {name: hashed, vip: "${VIP}:81", scheduler: mh, reals: [{address: 192.0.2.21, weight: 2}, 192.0.2.22]}
${many.join('')}`
}

beforeAll(async () => {
  topology = await buildTopology({ reals: 3 })
  const { lab, reals, clients } = topology
  servers = await Promise.all(reals.map((real) => serve(lab, real)))
  const tokenFile = join(lab.folder, 'token')
  writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 })
  director = await startDirector(topology, yaml(tokenFile))
  traffic = load(lab, clients[0] as Host, `http://${VIP}/`, { concurrency: 2, rate: 60 })
  browser = await openBrowser(topology.director.namespace, lab.folder)
  seen = await visit(browser, URL, { viewport: { width: 1280, height: 900 } })
})
afterAll(async () => {
  await browser?.close()
  await traffic?.stop()
  await topology?.lab.close()
})

const figure = async (page: Page, title: string) =>
  Number.parseFloat((await page.locator('figure', { hasText: title }).locator('.now').textContent()) ?? '')
const rowOf = (page: Page, address: string) => page.locator('tbody tr', { hasText: address })
const show = (page: Page, view: string) => page.goto(`${URL}${view}`)

/** What the view is about is there. */
async function shown(page: Page, view: string): Promise<void> {
  await page.getByText(/^live, /).waitFor()
  if (view === '#/') await page.locator('tbody', { hasText: 'eth0' }).waitFor()
  if (view === '#/services') await page.locator('tbody tr', { hasText: 'shop-1' }).first().waitFor()
  if (view.startsWith('#/service/')) await page.getByText('3 turns').waitFor()
  if (view === '#/events') await page.locator('tbody tr').first().waitFor()
  if (view === '#/explain') await page.getByRole('button', { name: 'Explain' }).waitFor()
}

/** For who wants to look: XLVS_SCREENSHOTS names a folder. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.XLVS_SCREENSHOTS
  if (folder === undefined) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

describe('the console in a browser', () => {
  it('shows the rates of the traffic that flows', async () => {
    const { page } = seen
    await page.getByText(/^live, /).waitFor()
    await until('connections a second', async () => (await figure(page, 'Connections/s')) > 0)
    await until('packets a second', async () => (await figure(page, 'Packets/s in')) > 0)
    await page.getByRole('heading', { name: 'Interfaces' }).waitFor()
    expect(await page.locator('table', { hasText: 'eth0' }).count()).toBe(1)
  })

  it('shows of a service what each real server gets, and writes hostile names as text', async () => {
    const { page } = seen
    await show(page, VIEWS[2] as string)
    await page.getByRole('heading', { name: HOSTILE, exact: true }).waitFor()
    await until('a share', async () =>
      /^gets \d+ %, weight 75 %$/.test((await share(page, '192.0.2.21')) ?? ''),
    )
    expect(await rowOf(page, '192.0.2.23').locator('.state').textContent()).toContain('quiesced')
    expect(await page.locator('main img').count()).toBe(0)
    await page.getByText('192.0.2.21: 75 %, 3 turns').waitFor()
  })

  it('tells of a hash how many slots each real server holds', async () => {
    const { page } = seen
    await show(page, `#/service/${encodeURIComponent(`tcp ${VIP}:81`)}`)
    await page.getByText(/^mh: 4,093 slots/).waitFor()
    const held = await page.locator('.legend label').allTextContents()
    const slots = held.map((text) => Number(/, ([\d,]+) slots/.exec(text)?.[1]?.replace(',', '')))
    expect(slots.reduce((a, b) => a + b, 0)).toBe(4093)
    expect((slots[0] ?? 0) > (slots[1] ?? 0)).toBe((held[0] ?? '').startsWith('192.0.2.21'))
  })

  it('finds one among a thousand services', async () => {
    const { page } = seen
    await show(page, '#/services')
    await page.getByText('1,002 of 1,002 services').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(50)
    await page.getByLabel('Filter').fill('shop-77')
    await page.getByText('11 of 1,002 services').waitFor()
    await page.getByRole('link', { name: 'shop-777' }).click()
    await page.getByRole('heading', { name: 'shop-777' }).waitFor()
  })

  it('explains a packet step by step, and says what is wrong with a question', async () => {
    const { page } = seen
    await show(page, '#/explain')
    await page.getByLabel('Client address').fill('192.0.2.100')
    await page.getByLabel('VIP').fill(VIP)
    await page.getByLabel('Port', { exact: true }).fill('80')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.locator('.verdict', { hasText: /to 192\.0\.2\.2[12]/ }).waitFor()
    expect(await page.locator('.steps li').count()).toBeGreaterThan(3)
    await picture(page, 'explained')
    await page.getByLabel('VIP').fill('nowhere')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.locator('.refused').waitFor()
  })

  it('is walked with the keyboard alone', async () => {
    const { page } = seen
    await page.goto('about:blank')
    await page.goto(URL)
    await page.getByText(/^live, /).waitFor()
    const focused = () => page.evaluate<string>('document.activeElement.textContent.trim()')
    const walk: string[] = []
    for (let i = 0; i < 7; i++) {
      await page.keyboard.press('Tab')
      walk.push(await focused())
    }
    const links = [
      'Skip to the content',
      'xlvs',
      'Overview',
      'Services',
      'Events',
      'Explain',
      'Unlock changes',
    ]
    expect(walk).toEqual(links)
    for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Services' }).waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
  })

  it.each([
    ['a phone', 360, 'light'],
    ['a desk', 1280, 'dark'],
  ] as const)('fits %s of %i px, %s', async (_, width, colorScheme) => {
    const one = await visit(browser, URL, { colorScheme, viewport: { width, height: 800 } })
    try {
      for (const view of VIEWS) {
        await show(one.page, view)
        await shown(one.page, view)
        const wide = await one.page.evaluate<number>('document.documentElement.scrollWidth')
        expect(wide, `${view} at ${width} px`).toBeLessThanOrEqual(width)
        await picture(one.page, `${view.split('/')[1] || 'overview'}-${width}-${colorScheme}`)
      }
      expect(one.complaints.filter(unexpected)).toEqual([])
    } finally {
      await one.close()
    }
  })

  it('has had nothing that the browser complains about', () => {
    expect(seen.complaints.filter(unexpected)).toEqual([])
  })
})

describe('a real server that fails', () => {
  it('is shown as down, with the reason', async () => {
    const { page } = seen
    await show(page, VIEWS[2] as string)
    await rowOf(page, '192.0.2.22').getByText('up', { exact: true }).waitFor()
    await servers[1]?.stop('SIGKILL')
    await rowOf(page, '192.0.2.22').getByText('down', { exact: true }).waitFor()
    await rowOf(page, '192.0.2.22')
      .getByText(/it refuses connections/)
      .waitFor()
    await page.locator('.about').getByText('1 of 3 down').waitFor()
    await picture(page, 'down')
  })
})

describe('the token', () => {
  const unlock = async (page: Page, token: string) => {
    await page.getByRole('button', { name: 'Unlock changes' }).click()
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Unlock', exact: true }).click()
    await page.getByRole('button', { name: 'Drain 192.0.2.21' }).click()
  }

  it('opens nothing when it is wrong', async () => {
    const { page } = seen
    await show(page, VIEWS[2] as string)
    await unlock(page, `${TOKEN}?`)
    await rowOf(page, '192.0.2.21')
      .getByText(/none or another one was sent/)
      .waitFor()
    await page.getByRole('button', { name: 'Lock changes' }).click()
  })

  it('drains when it is right', async () => {
    const { page } = seen
    await unlock(page, TOKEN)
    await page.getByRole('button', { name: 'Undrain 192.0.2.21' }).waitFor()
    await rowOf(page, '192.0.2.21').getByText('drained', { exact: true }).waitFor()
    await picture(page, 'drained')
    const reals = await realsOf(director, `${VIP}:80`)
    expect(reals.find(({ address }) => address === '192.0.2.21')?.effectiveWeight).toBe(0)
    await page.getByRole('button', { name: 'Undrain 192.0.2.21' }).click()
    await page.getByRole('button', { name: 'Drain 192.0.2.21' }).waitFor()
  })
})

describe('a console that is closed', () => {
  it('leaves a page that says since when it is stale, and goes on by itself when it is back', async () => {
    const { page } = seen
    const text = yaml(join(topology.lab.folder, 'token'))
    director.writeFile(text.replace(/^(?:metrics|console):.*\n/gm, ''))
    await director.json('reload')
    await page.getByText(/^stale since /).waitFor()
    await page.getByText(/what is shown is stale since/).waitFor()
    await picture(page, 'stale')
    director.writeFile(text)
    await director.json('reload')
    await page.getByText(/^live, /).waitFor()
  })
})

/** The answer to a wrong token is an error to a browser's log. */
function unexpected(text: string): boolean {
  return !/status of 40(?:[13]|9)|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED/.test(text)
}

async function share(page: Page, address: string): Promise<string | null> {
  return rowOf(page, address).locator('.share .figures').textContent()
}
