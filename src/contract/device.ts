/** Which engine runs, on what, and why. */
import type { DeviceMemory } from '../core/model/memory';
export type BackendName = 'webgpu' | 'wasm' | 'cpu';

export interface DeviceInfo {
  backend: BackendName;
  /** CPU threads used by the engine (1 on WebGPU). */
  threads: number;
  /** Adapter description on WebGPU, else empty. */
  adapter: string;
  /** True when the WebGPU adapter is a software one (SwiftShader, llvmpipe, WARP). */
  software: boolean;
  simd: 'none' | 'simd' | 'relaxed-simd';
  /** Why this backend runs: the page turns it into words. */
  reason: 'forced' | 'hardware-gpu' | 'no-gpu-api' | 'no-gpu-adapter' | 'software-gpu-slower' | 'webgpu-failed' | 'no-wasm';
  crossOriginIsolated: boolean;
  memory: DeviceMemory;
}
