namespace Relaybox.Shared.Tests.Conformance;

/// <summary>An inbox on a server of its own, which a test may end.</summary>
/// <param name="Server">The server.</param>
/// <param name="Harness">The inbox.</param>
/// <param name="CrashAndRestartAsync">Ends the server at once, and starts it again on its data.</param>
internal sealed record FragileInbox(IAsyncDisposable Server, InboxHarness Harness, Func<Task> CrashAndRestartAsync) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Harness.DisposeAsync();
        await Server.DisposeAsync();
    }
}
