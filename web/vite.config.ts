import tailwindcss from "@tailwindcss/vite";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [
    tanstackRouter({ target: "react", autoCodeSplitting: true, quoteStyle: "double" }),
    react(),
    tailwindcss(),
  ],
  build: {
    // The Python package serves it and its wheel carries it.
    outDir: "../src/clew/server/web",
    emptyOutDir: true,
    target: "es2022",
    // Every browser that runs the app preloads modules by itself.
    modulePreload: { polyfill: false },
    // A data: URL would need a hole in the content security policy.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: { "/api": process.env.CLEW_API ?? "http://127.0.0.1:4318" },
  },
  test: { include: ["src/**/*.test.ts"] },
});
