"""How a page looks in the browser: at which width, light or dark, what does not fit, what is hard to read."""

from __future__ import annotations

from typing import Any

__all__ = ["CONTRASTS", "SCHEMES", "WIDE", "WIDTHS", "emulate", "resize", "whole_picture"]

WIDTHS = (400, 1200)
SCHEMES = ("light", "dark")

CONTRASTS = """
const parse = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(
    v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  ).reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
const paper = element => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parse(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const found = [];
for (const element of document.querySelectorAll('body *')) {
  const shows = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!shows || ['title', 'desc', 'style'].includes(element.tagName)) continue;
  const style = getComputedStyle(element);
  const ink = parse(element.tagName === 'text' ? style.fill : style.color);
  const [a, b] = [light(ink), light(paper(element))].sort((x, y) => y - x);
  found.push([(a + 0.05) / (b + 0.05), element.tagName, element.textContent.trim().slice(0, 40)]);
}
return found;
"""
WIDE = """
const most = document.documentElement.clientWidth;
const found = [...document.querySelectorAll('body *')]
  .filter(element => element.getBoundingClientRect().right > most + 0.5);
if (document.documentElement.scrollWidth > most)  // a long word, whose element is no wider than it may
  found.push(...[...document.querySelectorAll('body *')].filter(each => each.scrollWidth > each.clientWidth));
return found.map(element => element.tagName + ': ' + element.textContent.trim().slice(0, 40));
"""


def emulate(browser: Any, width: int, scheme: str) -> None:
    """Look at pages that wide, light or dark."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    resize(browser, width, 900)


def resize(browser: Any, width: int, height: int) -> None:
    """Make the window that large."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def whole_picture(browser: Any, width: int, path: str) -> None:
    """Keep a picture of all of the page."""
    resize(browser, width, browser.execute_script("return document.documentElement.scrollHeight"))
    browser.save_screenshot(path)
