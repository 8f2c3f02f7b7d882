namespace Relaybox.Diagnostics;

/// <summary>Begins work beside its caller, on the caller's own scheduler: the pool's, except in a simulation, which runs everything itself.</summary>
internal static class Begin
{
    internal static Task Task(Func<Task> work, CancellationToken cancellationToken) => System.Threading.Tasks.Task.Factory.StartNew(
        work, cancellationToken, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap();

    /// <summary>Cancels; completes when everybody who waits has been told.</summary>
    internal static Task CancelAsync(CancellationTokenSource source) => System.Threading.Tasks.Task.Factory.StartNew(
        source.Cancel, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current);
}
