/** Keeps a fault of one page from taking the studio down: shows the error, the header and the other pages stay. */
import { Component, type ReactNode } from 'react';
import { ErrorBanner } from '../ui/ErrorBanner';

export class PageBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <ErrorBanner error={error} onRetry={() => this.setState({ error: null })} />;
  }
}
