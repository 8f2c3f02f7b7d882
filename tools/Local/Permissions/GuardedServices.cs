using Relaybox.Local.Aws;
using Relaybox.Local.Running;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Permissions;

/// <summary>The services of a run as a function meets them: behind its role, or as they are where roles are not enforced.</summary>
internal sealed class GuardedServices : IAsyncDisposable
{
    private readonly Dictionary<string, Uri> _endpoints;
    private readonly List<GuardedService> _guards = [];

    private GuardedServices(IReadOnlyDictionary<string, Uri> unguarded, PermissionLog permissions)
    {
        _endpoints = new Dictionary<string, Uri>(unguarded);
        Permissions = permissions;
    }

    public PermissionLog Permissions { get; }

    public bool AreEnforced => _guards.Count > 0;

    /// <summary>Where the services are, by the names that <c>AWS_ENDPOINT_URL_</c> ends with.</summary>
    public IReadOnlyDictionary<string, Uri> Endpoints => _endpoints;

    /// <param name="options">Whether roles are enforced.</param>
    /// <param name="stack">The functions with their roles.</param>
    /// <param name="unguarded">Where the services are.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<GuardedServices> StartAsync(
        RunnerOptions options, StackDefinition stack, IReadOnlyDictionary<string, Uri> unguarded, CancellationToken cancellationToken)
    {
        var services = new GuardedServices(unguarded, new PermissionLog(stack.Functions));
        foreach (var (service, upstream) in options.EnforceRoles ? unguarded : new Dictionary<string, Uri>())
        {
            var guard = await GuardedService.StartAsync(upstream, services.Permissions, options.BeforeCall, cancellationToken);
            services._guards.Add(guard);
            services._endpoints[service] = guard.Endpoint;
        }

        return services;
    }

    /// <summary>The access key of a function and of the event source that works for it.</summary>
    public string AccessKeyOf(FunctionDefinition function) => AreEnforced ? PermissionLog.AccessKeyOf(function) : LocalAws.AccessKeyId;

    public async ValueTask DisposeAsync()
    {
        foreach (var guard in _guards)
        {
            await guard.DisposeAsync();
        }
    }
}
