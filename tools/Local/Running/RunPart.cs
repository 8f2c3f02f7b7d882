using Relaybox.Local.Chaos;
using Relaybox.Local.Servers;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Running;

/// <summary>What the store and the broker of a run have in common: servers, and what others have to know of them.</summary>
internal abstract class RunPart : IAsyncDisposable
{
    /// <summary>The servers that the part needs. Default: none.</summary>
    public virtual IReadOnlyList<LocalServer> Servers => [];

    /// <summary>Services of AWS that its servers stand for, by the names that <c>AWS_ENDPOINT_URL_</c> ends with. Default: none.</summary>
    public virtual IReadOnlyDictionary<string, Uri> AwsEndpoints => new Dictionary<string, Uri>();

    /// <summary>What a person's shell gets in <c>.relaybox/env</c>. Read after the start. Default: nothing.</summary>
    public virtual IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>();

    /// <summary>Variables of the functions that a person's shell gets as well. Default: none.</summary>
    public virtual IReadOnlyList<string> FunctionVariables => [];

    /// <summary>What chaos can do to the part. Default: nothing.</summary>
    public virtual IReadOnlyList<Fault> Faults => [];

    /// <summary>
    /// Adds the template's parameters that are the part's to give, unless they are there, and the secrets that they name. Nothing
    /// has been started yet.
    /// </summary>
    public virtual void Configure(IDictionary<string, string> parameters, LocalSecrets secrets)
    {
    }

    /// <summary>Makes what a deployment would have made before any function runs. Default: nothing; the Setup function makes the rest.</summary>
    public virtual Task ProvisionAsync(StackDefinition stack, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Starts the servers. Default: all at once.</summary>
    /// <exception cref="RunnerException">A server is missing or does not come up.</exception>
    public virtual Task StartAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Servers.Select(server => server.StartAsync(cancellationToken)));

    /// <summary>Stops the servers that have been started.</summary>
    public virtual async ValueTask DisposeAsync() => await Task.WhenAll(Servers.Select(server => server.DisposeAsync().AsTask()));
}
