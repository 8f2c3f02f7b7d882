namespace Relaybox.Timing;

/// <summary>Begins work beside its caller, on the caller's own scheduler: the pool's, except in a simulation, which runs everything itself.</summary>
internal static class BackgroundWork
{
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Keeps it from beginning.</param>
    /// <param name="scheduler">The caller's scheduler, where the caller is a timer, which has none; null: the current one.</param>
    internal static Task Start(Func<Task> work, CancellationToken cancellationToken, TaskScheduler? scheduler = null) => Task.Factory.StartNew(
        work, cancellationToken, TaskCreationOptions.DenyChildAttach, scheduler ?? TaskScheduler.Current).Unwrap();

    /// <summary>Cancels; completes when everybody who waits has been told.</summary>
    internal static Task CancelAsync(CancellationTokenSource source) => Task.Factory.StartNew(
        source.Cancel, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current);
}
