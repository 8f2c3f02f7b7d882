using System.CommandLine;
using Relaybox.Operations;

namespace Relaybox.Cli.Commands;

/// <summary>All commands of operators.</summary>
internal static class OperatorCommands
{
    internal static RootCommand Create()
    {
        var shared = new SharedOptions();
        var root = new RootCommand(
            "Looks into the outbox and puts right what is parked. Actions tell what they would do, and do it once you say yes.")
        {
            StatusCommand.Create(shared),
            ListCommand.Create(shared),
            TailCommand.Create(shared),
            ShowCommand.Create(shared),
            WhyCommand.Create(shared),
            ActionCommand.Create(
                RowAction.Redrive, "Send parked rows again: one row first, then more, stopping by itself where they fail again", shared),
            ActionCommand.Create(RowAction.Skip, "Let the later rows of an ordering key go on without a parked row, which stays parked", shared),
            ActionCommand.Create(RowAction.Shelve, "Put parked rows out of sight; they stay parked", shared),
            ActionCommand.Create(RowAction.Unshelve, "Bring shelved rows back into sight", shared),
            ActionCommand.Create(RowAction.Purge, "Delete parked rows: their events are lost", shared),
            ActionCommand.Create(
                RowAction.Republish,
                "Send events again that were sent before; consumers that remember them do nothing, unless --reprocess has them handled again",
                shared,
                OperationTarget.SentRows),
            DeadLettersCommand.Create(shared),
            OperationsCommand.Create(shared),
            PauseCommands.CreatePause(shared),
            PauseCommands.CreateResume(shared),
            CompletionCommand.Create(),
            DoctorCommand.Create(shared),
        };
        shared.AddTo(root);
        return root;
    }
}
