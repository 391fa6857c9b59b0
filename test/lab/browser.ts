// SPDX-License-Identifier: Apache-2.0
// A browser that stands where the director stands: Debian's Chromium inside a network namespace.
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const TIMEOUT_MS = 20_000

/** `folder`: for the program that enters the namespace. */
export function openBrowser(namespace: string, folder: string): Promise<Browser> {
  const program = join(folder, 'chromium')
  writeFileSync(program, `#!/bin/sh\nexec ip netns exec ${namespace} /usr/bin/chromium "$@"\n`)
  chmodSync(program, 0o755)
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--no-proxy-server']
  return chromium.launch({ executablePath: program, args, headless: true, timeout: TIMEOUT_MS })
}

export interface Visit {
  readonly page: Page
  /** what the browser complained about: errors of scripts, of the content-security policy, of loading */
  readonly complaints: string[]
  close(): Promise<void>
}

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(TIMEOUT_MS)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('dialog', (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  await page.goto(url)
  return { page, complaints, close: () => context.close() }
}
