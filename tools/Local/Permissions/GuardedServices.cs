using Relaybox.Local.Aws;
using Relaybox.Local.Running;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Permissions;

/// <summary>The services of a run as a function meets them: behind its role, or as they are where roles are not enforced.</summary>
internal sealed class GuardedServices : IAsyncDisposable
{
    private readonly GuardedService? dynamoDb;
    private readonly GuardedService? sqs;
    private readonly LocalServers servers;

    private GuardedServices(LocalServers servers, PermissionLog permissions, GuardedService? dynamoDb, GuardedService? sqs)
    {
        this.servers = servers;
        Permissions = permissions;
        this.dynamoDb = dynamoDb;
        this.sqs = sqs;
    }

    public PermissionLog Permissions { get; }

    public bool AreEnforced => sqs is not null;

    public Uri? DynamoDb => dynamoDb?.Endpoint ?? servers.DynamoDb;

    public Uri Sqs => sqs?.Endpoint ?? servers.Sqs;

    public static async Task<GuardedServices> StartAsync(
        RunnerOptions options, StackDefinition stack, LocalServers servers, CancellationToken cancellationToken)
    {
        var permissions = new PermissionLog(stack.Functions);
        return options.EnforceRoles
            ? new GuardedServices(
                servers,
                permissions,
                servers.DynamoDb is { } dynamoDb ? await GuardedService.StartAsync(dynamoDb, permissions, options.BeforeCall, cancellationToken) : null,
                await GuardedService.StartAsync(servers.Sqs, permissions, options.BeforeCall, cancellationToken))
            : new GuardedServices(servers, permissions, null, null);
    }

    /// <summary>The access key of a function and of the event source that works for it.</summary>
    public string AccessKeyOf(FunctionDefinition function) => AreEnforced ? PermissionLog.AccessKeyOf(function) : LocalAws.AccessKeyId;

    public async ValueTask DisposeAsync()
    {
        foreach (var service in new[] { dynamoDb, sqs })
        {
            if (service is not null)
            {
                await service.DisposeAsync();
            }
        }
    }
}
