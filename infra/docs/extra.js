// What the theme leaves out: names for the buttons of each code block, and a way for the keyboard into wide tables.
function amend() {
  document.querySelectorAll(".md-code__nav").forEach((nav, index) => {
    nav.setAttribute("aria-label", `Code block ${index + 1}`);
  });
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) {
    wrap.tabIndex = 0;
  }
}

// the theme adds both by its own script, after the page is there
new MutationObserver(amend).observe(document.documentElement, { childList: true, subtree: true });
amend();
