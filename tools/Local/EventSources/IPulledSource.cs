namespace Relaybox.Local.EventSources;

/// <summary>Messages that a function pulls by itself: the runner only watches them, and sends some once more.</summary>
internal interface IPulledSource : IAsyncDisposable
{
    /// <summary>Finds where to start, before anything is published that must not be missed.</summary>
    Task OpenAsync(CancellationToken cancellationToken);

    /// <summary>Sends copies until cancelled.</summary>
    Task RunAsync(CancellationToken cancellationToken);

    /// <summary>Messages that wait for the function, or are being worked on, or may still be copied.</summary>
    Task<int> CountAsync(CancellationToken cancellationToken);
}
