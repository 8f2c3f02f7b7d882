using System.Globalization;
using Amazon.Lambda.Core;

namespace Amazon.Lambda.RuntimeSupport;

/// <summary>The context of one invocation, from the headers that its event came with.</summary>
internal sealed class LambdaContext : ILambdaContext
{
    private readonly LambdaEnvironment _environment;
    private readonly long _deadlineMs;
    private readonly Lazy<IClientContext> _clientContext;
    private readonly Lazy<ICognitoIdentity> _identity;

    public LambdaContext(Func<string, string> header, LambdaEnvironment environment)
    {
        _environment = environment;
        AwsRequestId = header("Lambda-Runtime-Aws-Request-Id")
            ?? throw new InvalidOperationException("The Runtime API sent an event without a request id.");
        InvokedFunctionArn = header("Lambda-Runtime-Invoked-Function-Arn");
        TraceId = header("Lambda-Runtime-Trace-Id");
        TenantId = header("Lambda-Runtime-Aws-Tenant-Id");

        // No deadline reads as one long past: nothing may be begun on time that nobody granted.
        _ = long.TryParse(header("Lambda-Runtime-Deadline-Ms"), CultureInfo.InvariantCulture, out _deadlineMs);

        var clientContext = header("Lambda-Runtime-Client-Context");
        var identity = header("Lambda-Runtime-Cognito-Identity");
        _clientContext = new Lazy<IClientContext>(() => ClientContextJson.Read(clientContext));
        _identity = new Lazy<ICognitoIdentity>(() => CognitoIdentityJson.Read(identity));
    }

    public string AwsRequestId { get; }

    public string InvokedFunctionArn { get; }

    public string TraceId { get; }

    public string TenantId { get; }

    public IClientContext ClientContext => _clientContext.Value;

    public ICognitoIdentity Identity => _identity.Value;

    public ILambdaLogger Logger => ConsoleLambdaLogger.Instance;

    public ILambdaSerializer Serializer { get; internal set; }

    public TimeSpan RemainingTime =>
        DateTimeOffset.FromUnixTimeMilliseconds(_deadlineMs) - TimeProvider.System.GetUtcNow();

    public string FunctionName => _environment.FunctionName;

    public string FunctionVersion => _environment.FunctionVersion;

    public string LogGroupName => _environment.LogGroupName;

    public string LogStreamName => _environment.LogStreamName;

    public int MemoryLimitInMB => _environment.MemoryLimitInMB;
}
