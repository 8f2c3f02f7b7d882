using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Relaybox.Cli.Output;
using Relaybox.Diagnostics;
using Relaybox.Functions.Hosting;
using Relaybox.Operations;
using Relaybox.Secrets;
using Relaybox.Settings;
using Relaybox.Timing;

namespace Relaybox.Cli.Connections;

/// <summary>Works on the store itself, which the variables name that the functions have too.</summary>
internal sealed class DirectConnection : IOperatorConnection
{
    // So long an operation runs before the person is told how it stands.
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(5);

    // So long one looks at what is selected.
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);

    private readonly ServiceProvider _services;
    private readonly string? _missing;

    private DirectConnection(ServiceProvider services, string? missing)
    {
        _services = services;
        _missing = missing;
    }

    /// <summary>Reads the variables: those of the environment, or of the stack that runs on this machine.</summary>
    /// <exception cref="CliException">There are none, or something is wrong with them.</exception>
    public static DirectConnection Open(string? environmentFile)
    {
        var get = Variables(environmentFile);
        try
        {
            var (settings, missing, errors) = BuiltIn.ReadForOperators(get);
            var services = new ServiceCollection();
            services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.None));
            services.AddSingleton(settings);
            services.AddSingleton(TimeProvider.System);
            services.AddSingleton<IEntropy>(SystemEntropy.Instance);
            services.AddSingleton<ISecretSource>(_ => SecretsManager.OfThisProcess());
            settings.Store!.AddServices(services);
            services.AddMessaging(settings);
            services.AddOperators(settings);
            services.AddDoctor(settings, errors);
            if (missing is null)
            {
                services.AddSingleton(new InboxConsumers(_ => [settings.ConsumerName]));
            }

            return new DirectConnection(services.BuildServiceProvider(), missing);
        }
        catch (SettingsException exception)
        {
            throw new CliException(ExitCodes.WrongUse, exception.Message, exception);
        }
    }

    /// <inheritdoc />
    public bool GoesOnAlone => false;

    /// <inheritdoc />
    public EventSources? Sources => null;

    /// <inheritdoc />
    public Schedules? Schedules => null;

    /// <inheritdoc />
    public async Task<OperateAnswer> AskAsync(OperateRequest request, CancellationToken cancellationToken)
    {
        if (request.Of == OperationTarget.DeadLetters && _missing is not null)
        {
            throw new CliException(ExitCodes.WrongUse, $"Which dead letters? {_missing}");
        }

        try
        {
            var answer = await _services.GetRequiredService<OperatorDesk>()
                .AnswerAsync(
                    request, WorkDeadline.After(request.Command == OperateCommand.Run ? Turn : Look, TimeProvider.System), cancellationToken);
            return answer.Problem is { } problem ? throw new CliException(ExitCodes.WrongUse, problem) : answer;
        }
        catch (Exception exception) when (exception is not (CliException or OperationCanceledException))
        {
            throw new CliException(ExitCodes.OutOfReach, await ExplainAsync(exception), exception);
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private async Task<string> ExplainAsync(Exception exception) =>
        _services.GetService<ISetupState>() is { } setup && await setup.IsMissingAsync(exception, CancellationToken.None)
            ? OperatorDesk.SetupMissing
            : FailureText.Of(exception, (object?)_services.GetService<IExplainsFailures>() ?? this);

    private static Func<string, string?> Variables(string? environmentFile)
    {
        const string Default = ".relaybox/env";
        if ((environmentFile ?? (IsConfigured() || !File.Exists(Default) ? null : Default)) is not { } file)
        {
            return IsConfigured()
                ? Environment.GetEnvironmentVariable
                : throw new CliException(
                    ExitCodes.WrongUse,
                    "Which outbox? Set the variables that the functions have (STORE, OUTBOX_TABLE, …; see docs/configuration.md), or start "
                    + "a stack on this machine with `./run up --detach` and type the command there.");
        }

        EnvironmentFile.Apply(file);
        return Environment.GetEnvironmentVariable;
    }

    private static bool IsConfigured() =>
        new[] { "STORE", "OUTBOX_TABLE", "DATABASE_URL" }.Any(name => Environment.GetEnvironmentVariable(name) is not null);
}
